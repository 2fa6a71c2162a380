/* SPDX-License-Identifier: Apache-2.0 */
/* A container's limits as whole CPUs and RAM; its mounts, names and process as records. */
/* Links: guest/partition/resources.c guest/partition/bundle.c guest/partition/bundle_mounts.c guest/partition/bundle_network.c guest/partition/bundle_process.c guest/partition/namespace.c guest/partition/switch.c guest/common/process_names.c guest/common/text.c guest/common/file.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "bundle.h"
#include "resources.h"
#include "spec.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB(n) (UINT64_C(n) << 20)

static struct resources got;
static const char *why;

static bool limits(const char *resources, const char *annotations)
{
	const char *error;
	json *first = json_parse(resources, strlen(resources), &error);
	json *second =
		annotations != NULL ? json_parse(annotations, strlen(annotations), &error) : NULL;
	bool is_ok = resources_read(first, second, &got, &why);

	json_object_put(first);
	json_object_put(second);
	return is_ok;
}

static void cpus(void)
{
	TAP_CHECK(limits("{}", NULL) && got.cpu_count == 1 && got.cpus == 0 && got.memory == 0);
	TAP_CHECK(resources_read(NULL, NULL, &got, &why) && got.cpu_count == 1);
	TAP_CHECK(limits("{\"cpu\":{\"quota\":100000,\"period\":100000}}", NULL) &&
		  got.cpu_count == 1);
	TAP_CHECK(limits("{\"cpu\":{\"quota\":150000,\"period\":100000}}", NULL) &&
		  got.cpu_count == 2);
	TAP_CHECK(limits("{\"cpu\":{\"quota\":1,\"period\":1000}}", NULL) && got.cpu_count == 1);
	TAP_CHECK(limits("{\"cpu\":{\"quota\":-1,\"period\":100000}}", NULL) && got.cpu_count == 1);
	TAP_CHECK(limits("{\"cpu\":{\"quota\":250000}}", NULL) && got.cpu_count == 3);
	TAP_CHECK(limits("{\"cpu\":{\"cpus\":\"2-3,5\"}}", NULL) && got.cpu_count == 3 &&
		  got.cpus == 0x2c);
	TAP_CHECK(limits("{\"cpu\":{\"cpus\":\"1\"}}", "{\"bulkhead.cpus\":\"4\"}") &&
		  got.cpu_count == 4 && got.cpus == 0);
	TAP_CHECK(!limits("{\"cpu\":{\"quota\":9223372036854775807,\"period\":1}}", NULL));
	TAP_CHECK(!limits("{\"cpu\":{\"quota\":5,\"period\":0}}", NULL));
	TAP_CHECK(!limits("{\"cpu\":{\"quota\":5,\"period\":-1}}", NULL));
	TAP_CHECK(!limits("{\"cpu\":{\"cpus\":\"2-\"}}", NULL));
	TAP_CHECK(!limits("{}", "{\"bulkhead.cpus\":\"0\"}"));
	TAP_CHECK(!limits("{}", "{\"bulkhead.cpus\":\"2x\"}"));
	TAP_CHECK(!limits("{}", "{\"bulkhead.cpus\":\"\"}"));
	TAP_CHECK(limits("{}", "{\"bulkhead.cpus\":2}") &&
		  got.cpu_count == 1); /* annotations are strings */
}

static void memory(void)
{
	TAP_CHECK(limits("{\"memory\":{\"limit\":134217729}}", NULL) && got.memory == MIB(130));
	TAP_CHECK(limits("{\"memory\":{\"limit\":1000}}", NULL) &&
		  got.memory == RESOURCES_MEMORY_LEAST);
	TAP_CHECK(limits("{\"memory\":{\"limit\":-1}}", NULL) && got.memory == 0);
	TAP_CHECK(limits("{\"memory\":{\"limit\":9223372036854775807}}", NULL) && got.memory == 0);
	TAP_CHECK(limits("{\"memory\":{\"limit\":1000}}", "{\"bulkhead.memory\":\"1G\"}") &&
		  got.memory == MIB(1024));
	TAP_CHECK(!limits("{}", "{\"bulkhead.memory\":\"1T\"}"));
	TAP_CHECK(!limits("{}", "{\"bulkhead.memory\":\"-1\"}"));
	TAP_CHECK(!limits("{}", "{\"bulkhead.memory\":\"0\"}"));
	TAP_CHECK(!limits("{}", "{\"bulkhead.memory\":\"99999999999999999999\"}"));
	TAP_CHECK(resources_memory_for(0) >= MIB(64) &&
		  resources_memory_for(0) <= RESOURCES_MEMORY_LEAST);
	TAP_CHECK(resources_memory_for(MIB(100)) >= MIB(264));
	TAP_EQUAL(resources_memory_for(1) % RESOURCES_MEMORY_UNIT, 0);
}

static void lists(void)
{
	uint64_t mask;
	uint64_t bytes;

	TAP_CHECK(resources_cpu_list("0", &mask) && mask == 1);
	TAP_CHECK(resources_cpu_list("0-63", &mask) && mask == ~UINT64_C(0));
	TAP_CHECK(!resources_cpu_list("", &mask) && !resources_cpu_list("64", &mask) &&
		  !resources_cpu_list("3-1", &mask));
	TAP_CHECK(!resources_cpu_list("1,", &mask) && !resources_cpu_list(",1", &mask) &&
		  !resources_cpu_list("1 ", &mask));
	TAP_CHECK(!resources_cpu_list("1-2-3", &mask) && !resources_cpu_list("-1", &mask));
	TAP_CHECK(resources_size("512m", &bytes) && bytes == MIB(512));
	TAP_CHECK(resources_size("7", &bytes) && bytes == 7);
	TAP_CHECK(!resources_size("5MB", &bytes) && !resources_size("M", &bytes) &&
		  !resources_size("1.5G", &bytes));
}

static const char *folder;

static bool bundle(const char *config, struct bundle *read_to, char **error)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/rootfs", folder);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/config.json", folder);
	file = fopen(path, "w");
	fputs(config, file);
	fclose(file);
	*error = NULL;
	return bundle_read(folder, read_to, error);
}

#define ROOT "\"root\":{\"path\":\"rootfs\"},"
#define PROCESS                                                                                    \
	"\"process\":{\"args\":[\"a\",\"b "                                                        \
	"c\"],\"env\":[\"X=y\"],\"cwd\":\"/w\",\"user\":{\"uid\":1,\"gid\":2}},"
#define SPACES "\"linux\":{\"namespaces\":[{\"type\":\"network\"}]}"

/* The records as lines. */
static void show(const struct text *spec, char *to, size_t size)
{
	size_t length = spec->length < size - 1 ? spec->length : size - 1;

	for (size_t i = 0; i < length; i++) {
		to[i] = spec->data[i] == '\0'        ? '\n'
			: spec->data[i] == SPEC_UNIT ? '|'
						     : spec->data[i];
	}
	to[length] = '\0';
}

static void records(void)
{
	struct bundle made;
	char *error;
	char lines[1000];

	TAP_CHECK(bundle(
		"{" ROOT PROCESS SPACES
		",\"hostname\":\"h\",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\","
		"\"source\":\"proc\",\"options\":[\"nosuid\",\"ro\",\"hidepid=2\"]},{"
		"\"destination\":\"/sys/fs/cgroup\",\"type\":"
		"\"cgroup\"}]}",
		&made, &error));
	show(&made.setup, lines, sizeof(lines));
	TAP_TEXT(lines, "mproc|/proc|proc|3|hidepid=2\nmcgroup2|/sys/fs/cgroup|cgroup|0|\nhh\n");
	show(&made.spec, lines, sizeof(lines));
	TAP_TEXT(lines, "Aa\nAb c\nEX=y\nD/w\nU1\nG2\n");
	TAP_CHECK(!made.has_network && !made.has_terminal);
	bundle_drop(&made);
	TAP_CHECK(bundle("{" ROOT PROCESS SPACES
			 ",\"annotations\":{\"bulkhead.network\":\"10.0.0.2/24,10.0.0.1\"}}",
			 &made, &error));
	show(&made.setup, lines, sizeof(lines));
	TAP_TEXT(lines, "n10.0.0.2/24|10.0.0.1\n");
	TAP_CHECK(made.has_network);
	bundle_drop(&made);
}

static bool count_copy(void *context, const char *source, const char *destination)
{
	TAP_CHECK(strcmp(source, "/etc") == 0 && strcmp(destination, "/run/secret") == 0);
	++*(int *)context;
	return true;
}

/* As containerd has a pod's container: memory that the pod shares, a secret, a name by its
 * namespace alone. */
static void pods(void)
{
	struct bundle made;
	char *error;
	char lines[1000];
	char name[65] = "";
	char wanted[200];
	int copies = 0;

	(void)gethostname(name, sizeof(name) - 1);
	snprintf(wanted, sizeof(wanted), "mtmpfs|/dev/shm|shm|14|mode=1777,size=65536k\nh%s\n",
		 name);
	TAP_CHECK(bundle("{" ROOT PROCESS "\"linux\":{\"namespaces\":[{\"type\":\"network\"},{"
			 "\"type\":\"uts\",\"path\":"
			 "\"/proc/self/ns/uts\"}]},\"mounts\":[{\"destination\":\"/dev/"
			 "shm\",\"type\":\"bind\",\"source\":"
			 "\"/tmp\",\"options\":[\"rbind\"]},{\"destination\":\"/run/"
			 "secret\",\"type\":\"bind\","
			 "\"source\":\"/etc\",\"options\":[\"rbind\",\"ro\"]}]}",
			 &made, &error) ||
		  strstr(error, "not permitted") != NULL);
	if (error == NULL) {
		show(&made.setup, lines, sizeof(lines));
		TAP_TEXT(lines, wanted);
		TAP_CHECK(bundle_each_copy(&made, count_copy, &copies));
		TAP_EQUAL(copies, 1);
		bundle_drop(&made);
	}
	free(error);
}

static void says(const char *config, const char *wanted)
{
	struct bundle made;
	char *error;

	TAP_CHECK(!bundle(config, &made, &error));
	if (error == NULL || strstr(error, wanted) == NULL) {
		TAP_TEXT(error != NULL ? error : "(nothing)", wanted);
	}
	free(error);
}

static void bad_bundles(void)
{
	says("{", "is no configuration");
	says("{}", "no root.path");
	says("{\"root\":{\"path\":\"none\"}}", "root file system none");
	says("{" ROOT SPACES "}", "process.args is missing");
	says("{" ROOT "\"process\":{\"args\":[\"a\\u0000b\"]}," SPACES "}", "without NUL");
	says("{" ROOT "\"process\":{\"args\":[5]}," SPACES "}", "strings");
	says("{" ROOT "\"process\":{\"args\":[\"a\"],\"rlimits\":[{\"type\":\"RLIMIT_X\"}]}," SPACES
	     "}",
	     "rlimits");
	says("{" ROOT PROCESS "\"linux\":{}}", "host's network");
	says("{" ROOT PROCESS SPACES ",\"mounts\":[{\"destination\":\"etc\",\"type\":\"proc\"}]}",
	     "no absolute path");
	says("{" ROOT PROCESS SPACES
	     ",\"mounts\":[{\"destination\":\"/v\",\"type\":\"bind\",\"source\":\"/tmp\"}]}",
	     "read-only");
	says("{" ROOT PROCESS
	     "\"linux\":{\"namespaces\":[{\"type\":\"network\",\"path\":\"/none\"}]}}",
	     "network namespace /none");
}

static const struct tap_case cases[] = {
	{"CPUs", cpus},       {"memory", memory}, {"lists and sizes", lists},
	{"records", records}, {"pods", pods},     {"bundles that are refused", bad_bundles},
};

int main(void)
{
	char template[] = "/tmp/bundle-XXXXXX";
	char path[64];
	int result;

	folder = mkdtemp(template);
	result = folder != NULL ? tap_run(cases, sizeof(cases) / sizeof(cases[0])) : 1;
	snprintf(path, sizeof(path), "%s/config.json", template);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/rootfs", template);
	(void)rmdir(path);
	(void)rmdir(template);
	return result;
}
