/* SPDX-License-Identifier: Apache-2.0 */
/* linux.intelRdt against a folder that stands for resctrl; lists of nodes and CPUs. */
/* Links: guest/runtime/rdt.c guest/runtime/rdt_schema.c guest/runtime/validate.c guest/runtime/validate_parts.c */
/* Links: guest/runtime/memory_policy.c guest/runtime/number_list.c guest/runtime/netdev.c guest/runtime/rtnetlink.c */
/* Links: guest/runtime/mount_options.c guest/runtime/sysctl.c guest/runtime/namespaces.c guest/runtime/error.c */
/* Links: guest/common/json.c guest/common/text.c guest/common/file.c */
/* Libraries: -ljson-c */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "file.h"
#include "number_list.h"
#include "rdt.h"
#include "tap.h"
#include "text.h"

static int root;

static void put(const char *path, const char *value)
{
	int fd = openat(root, path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	TAP_CHECK(fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value));
	close(fd);
}

static bool holds(const char *path, const char *value)
{
	struct text text = {0};
	bool same = file_read_at(root, path, &text, 4096) == 0 &&
		    !strcmp(text.data ? text.data : "", value);

	text_free(&text);
	return same;
}

/* In resctrl a new directory has its files at once. */
int mkdirat(int dir, const char *path, mode_t mode)
{
	char file[300];
	int result = (int)syscall(SYS_mkdirat, dir, path, mode);

	if (result == 0 && dir == root) {
		snprintf(file, sizeof(file), "%s/tasks", path);
		put(file, "");
		snprintf(file, sizeof(file), "%s/schemata", path);
		put(file, "MB:0=100\nL3:0=fff\n");
		if (!strstr(path, "mon_groups")) {
			snprintf(file, sizeof(file), "%s/mon_groups", path);
			syscall(SYS_mkdirat, dir, file, mode);
		}
	}
	return result;
}

static json *parse(const char *text)
{
	const char *why;

	return json_parse(text, strlen(text), &why);
}

/* Makes and joins the groups of container "c1"; the group that is its own to remove. */
static int make(const char *config, char **own)
{
	json *rdt = parse(config);
	struct error e = {0};

	*own = rdt_own_group(root, rdt, "c1");
	int result = rdt_make(root, rdt, "c1", &e);
	if (result == 0) {
		result = rdt_join(root, rdt, "c1", 77, &e);
	}
	if (e.text) {
		printf("# %s\n", e.text);
	}
	error_free(&e);
	json_object_put(rdt);
	return result;
}

static void clean(const char *group)
{
	file_remove_tree_at(root, group);
}

static void test_own_group(void)
{
	char *own;

	TAP_EQUAL(make("{\"memBwSchema\":\"MB:0=20\",\"l3CacheSchema\":\"L3:0=f\",\"schemata\":["
		       "\"L2:0=3\"]}",
		       &own),
		  0);
	TAP_CHECK(own && !strcmp(own, "c1"));
	TAP_CHECK(holds("c1/schemata", "L3:0=f\nMB:0=20\nL2:0=3\n"));
	TAP_CHECK(holds("c1/tasks", "77"));
	free(own);
	/* One that is there already is not the container's to remove. */
	TAP_EQUAL(make("{}", &own), 0);
	TAP_CHECK(!own);
	clean("c1");
	TAP_EQUAL(make("{\"enableMonitoring\":true}", &own), 0);
	TAP_CHECK(own && !strcmp(own, "c1"));
	TAP_CHECK(holds("c1/schemata", "MB:0=100\nL3:0=fff\n"));
	TAP_CHECK(holds("c1/mon_groups/c1/tasks", "77"));
	free(own);
	clean("c1");
}

static void test_named_group(void)
{
	char *own;

	/* Without schemata it must be there. */
	TAP_EQUAL(make("{\"closID\":\"gold\"}", &own), -1);
	TAP_EQUAL(make("{\"closID\":\"gold\",\"schemata\":[\"MB:0=40\"]}", &own), 0);
	TAP_CHECK(!own && holds("gold/schemata", "MB:0=40\n\nL3:0=fff\n") &&
		  holds("gold/tasks", "77"));
	put("gold/schemata", "    MB:0= 40;1=100\n    L3:0=0ff;1=fff\n");
	TAP_EQUAL(make("{\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=ff\"}", &own), 0);
	TAP_EQUAL(make("{\"closID\":\"gold\",\"memBwSchema\":\"MB:0=33\"}", &own), 0);
	TAP_EQUAL(make("{\"closID\":\"gold\",\"memBwSchema\":\"MB:0=50\"}", &own), -1);
	TAP_EQUAL(make("{\"closID\":\"gold\",\"schemata\":[\"L3:1=fff\",\"L2:0=1\"]}", &own), -1);
	TAP_CHECK(holds("gold/schemata", "    MB:0= 40;1=100\n    L3:0=0ff;1=fff\n"));
	TAP_EQUAL(make("{\"closID\":\"gold\",\"enableMonitoring\":true}", &own), 0);
	TAP_CHECK(own && !strcmp(own, "gold/mon_groups/c1"));
	free(own);
	TAP_EQUAL(make("{\"closID\":\"/\",\"enableMonitoring\":true}", &own), 0);
	TAP_CHECK(own && !strcmp(own, "./mon_groups/c1") && holds("tasks", "77"));
	free(own);
	clean("gold");
	clean("mon_groups/c1");
}

static void test_schemas(void)
{
	static const char file[] = "    MB:0=100;1= 20\n    L3:0=7f0;1=01f\n";

	TAP_CHECK(rdt_schema_matches("L3:0=7f0;1=1f", file, 0));
	TAP_CHECK(rdt_schema_matches("L3:1=1F", file, 0));
	TAP_CHECK(rdt_schema_matches("MB:1=11", file, 10));
	TAP_CHECK(!rdt_schema_matches("MB:1=11", file, 0));
	TAP_CHECK(!rdt_schema_matches("L3:2=1f", file, 0));
	TAP_CHECK(!rdt_schema_matches("L3:0=7f0;1=1e", file, 0));
	TAP_CHECK(!rdt_schema_matches("L:0=7f0", file, 0));
	TAP_CHECK(!rdt_schema_matches("L3", file, 0));
	TAP_CHECK(!rdt_schema_matches("L3:", file, 0));
	TAP_CHECK(!rdt_schema_matches("L3:0=7f0;", file, 0));
	TAP_CHECK(!rdt_schema_matches("L3:0=7f0 x", file, 0));
}

static void test_lists(void)
{
	static const char *const bad[] = {"-1", "1-", "a", "3-1", "1,,2", "1024", "1 ", ",1"};
	unsigned long bits[NUMBER_LIST_WORDS] = {0};

	TAP_EQUAL(number_list_read("", bits), 0);
	TAP_EQUAL(number_list_read("0-2,5,64", bits), 0);
	TAP_EQUAL(bits[0], 0x27);
	TAP_EQUAL(bits[1], 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		TAP_CHECK(number_list_read(bad[i], bits) < 0);
	}
}

static char folder[] = "/tmp/rdt_test.XXXXXX";

static void test_folder(void)
{
	TAP_CHECK(mkdtemp(folder));
	root = open(folder, O_RDONLY | O_DIRECTORY);
	syscall(SYS_mkdirat, root, "info", 0755);
	syscall(SYS_mkdirat, root, "info/MB", 0755);
	syscall(SYS_mkdirat, root, "mon_groups", 0755);
	put("info/last_cmd_status", "ok\n");
	put("info/MB/bandwidth_gran", "10\n");
	put("tasks", "");
}

static void test_end(void)
{
	TAP_EQUAL(file_remove_tree_at(AT_FDCWD, folder), 0);
	close(root);
}

static const struct tap_case cases[] = {
	{"a folder that stands for resctrl", test_folder},
	{"a container's own group", test_own_group},
	{"named groups", test_named_group},
	{"schemata compared", test_schemas},
	{"lists of nodes and CPUs", test_lists},
	{"the folder is gone", test_end},
};
TAP_MAIN(cases)
