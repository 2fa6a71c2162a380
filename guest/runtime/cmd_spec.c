/* SPDX-License-Identifier: Apache-2.0 */
/* `spec`: a configuration to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "runtime.h"

#define CAPABILITIES "[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"

/* A shell on the terminal that sees a system of its own and may hardly do anything to it. */
static const char start[] =
	"{\"ociVersion\":\"" RUNTIME_SPEC_VERSION "\",\"process\":{\"terminal\":true,"
	"\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
	"\"TERM=xterm\"],\"cwd\":\"/\","
	"\"capabilities\":{\"bounding\":" CAPABILITIES ",\"effective\":" CAPABILITIES
	",\"permitted\":" CAPABILITIES "},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],"
	"\"noNewPrivileges\":true},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"container\",\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\","
	"\"gid=5\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
	"\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},"
	"{\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\","
	"\"/proc/latency_stats\",\"/proc/sched_debug\",\"/proc/scsi\",\"/proc/timer_list\","
	"\"/proc/timer_stats\",\"/sys/devices/virtual/powercap\",\"/sys/firmware\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
	"\"/proc/sysrq-trigger\"]}}";

static json *parse(const char *source)
{
	const char *why;

	return json_parse(source, strlen(source), &why);
}

/* Root inside is the caller outside. */
static json *own_mapping(unsigned int id)
{
	json *list = json_object_new_array();
	json *mapping = json_object_new_object();

	json_set_int(mapping, "containerID", 0);
	json_set_int(mapping, "hostID", id);
	json_set_int(mapping, "size", 1);
	json_object_array_add(list, mapping);
	return list;
}

static void replace_mount(json *mounts, const char *destination, const char *source)
{
	for (size_t i = 0; i < json_count(mounts); i++) {
		json *mount = json_at(mounts, i);
		if (!strcmp(json_get_string(mount, "destination", ""), destination)) {
			json_object_array_put_idx(mounts, i, parse(source));
		}
	}
}

/* The network stays the host's, so that its /sys is bound; a terminal's group is not mapped. */
static void make_rootless(json *spec)
{
	json *linux_part = json_get(spec, "linux");
	json *mounts = json_get(spec, "mounts");

	json_object_object_del(linux_part, "resources");
	json_set(linux_part, "uidMappings", own_mapping(geteuid()));
	json_set(linux_part, "gidMappings", own_mapping(getegid()));
	json_set(linux_part, "namespaces",
		 parse("[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
		       "{\"type\":\"mount\"},{\"type\":\"cgroup\"},{\"type\":\"user\"}]"));
	replace_mount(mounts, "/sys",
		      "{\"destination\":\"/sys\",\"type\":\"none\",\"source\":\"/sys\","
		      "\"options\":[\"rbind\",\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}");
	replace_mount(mounts, "/dev/pts",
		      "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
		      "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\","
		      "\"mode=0620\"]}");
}

static int write_spec(struct runtime *rt, const char *bundle, bool is_rootless)
{
	char *path = text_format("%s/config.json", bundle);
	json *spec = parse(start);

	if (is_rootless) {
		make_rootless(spec);
	}
	const char *text = json_object_to_json_string_ext(
		spec, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB |
			      JSON_C_TO_STRING_NOSLASHESCAPE);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int result = fd < 0 || file_write_all(fd, text, strlen(text)) < 0 ||
				     file_write_all(fd, "\n", 1) < 0
			     ? -1
			     : 0;
	if (result < 0 && errno == EEXIST) {
		error_set(&rt->error, 0, "%s is there already: move it away first", path);
	} else if (result < 0) {
		error_set(&rt->error, errno, "cannot write %s", path);
	}
	file_close(fd);
	json_object_put(spec);
	free(path);
	return result;
}

int cmd_spec(struct runtime *rt, int argc, char **argv)
{
	static const struct option options[] = {{"bundle", required_argument, NULL, 'b'},
						{"rootless", no_argument, NULL, 'r'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	const char *bundle = ".";
	bool is_rootless = false;
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "b:h", options, NULL)) != -1) {
		if (option == 'h') {
			printf("usage: %s spec [-b BUNDLE] [--rootless]\n", rt->program);
			return 0;
		}
		if (option == '?') {
			error_set(&rt->error, 0, "usage: %s spec [-b BUNDLE] [--rootless]",
				  rt->program);
			return 1;
		}
		bundle = option == 'b' ? optarg : bundle;
		is_rootless = is_rootless || option == 'r';
	}
	if (optind != argc) {
		error_set(&rt->error, 0, "spec takes no '%s'", argv[optind]);
		return 1;
	}
	return write_spec(rt, bundle, is_rootless) < 0 ? 1 : 0;
}
