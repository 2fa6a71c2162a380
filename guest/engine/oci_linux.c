/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: namespaces, resources, devices. */
#include "network.h"
#include "oci.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#define CPU_PERIOD 100000 /* us, Docker's for --cpus */

bool oci_has_cgroup2(void)
{
	struct statfs status;

	return statfs("/sys/fs/cgroup", &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

static void add_namespace(json *list, const char *type, const char *path)
{
	json *namespace = json_object_new_object();

	json_set_string(namespace, "type", type);
	if (path && *path) {
		json_set_string(namespace, "path", path);
	}
	json_object_array_add(list, namespace);
}

/* private, host or container:ID of one kind; `file` is its name in /proc/PID/ns. */
static void add_shared(json *list, const char *type, const char *file, const char *mode,
		       char **error)
{
	if (!strcmp(mode, "host")) {
		return;
	}
	if (strncmp(mode, "container:", 10) != 0) {
		add_namespace(list, type, NULL);
		return;
	}
	struct container *other = container_find(mode + 10, NULL);
	if (!other || !other->state.is_running) {
		*error = text_format("cannot join the %s namespace of container %.100s: it is not "
				     "running",
				     type, mode + 10);
		return;
	}
	char *path = text_format("/proc/%d/ns/%s", (int)other->state.pid, file);
	add_namespace(list, type, path);
	free(path);
}

json *oci_namespaces(struct container *container, json *spec, char **error)
{
	json *host = json_get(spec, "HostConfig");
	json *list = json_object_new_array();
	const char *cgroup = json_get_string(host, "CgroupnsMode", "");
	char *network = network_namespace(container, spec);

	add_namespace(list, "mount", NULL);
	if (network) {
		add_namespace(list, "network", network);
	}
	if (strcmp(json_get_string(host, "UTSMode", ""), "host") != 0) {
		add_namespace(list, "uts", NULL);
	}
	add_shared(list, "pid", "pid", json_get_string(host, "PidMode", ""), error);
	add_shared(list, "ipc", "ipc", json_get_string(host, "IpcMode", ""), error);
	if (!strcmp(cgroup, "private") || (!*cgroup && oci_has_cgroup2())) {
		add_namespace(list, "cgroup", NULL);
	}
	free(network);
	if (*error) {
		json_object_put(list);
		return NULL;
	}
	return list;
}

static void copy_positive(json *to, const char *key, json *host, const char *host_key)
{
	if (json_get_int(host, host_key, 0) > 0) {
		json_set_int(to, key, json_get_int(host, host_key, 0));
	}
}

static void copy_text(json *to, const char *key, json *host, const char *host_key)
{
	if (*json_get_string(host, host_key, "")) {
		json_set_string(to, key, json_get_string(host, host_key, ""));
	}
}

static json *make_cpu(json *host)
{
	json *cpu = json_object_new_object();
	int64_t nano = json_get_int(host, "NanoCpus", 0);

	if (nano > 0) {
		json_set_int(cpu, "period", CPU_PERIOD);
		json_set_int(cpu, "quota", nano * CPU_PERIOD / 1000000000);
	} else {
		if (json_get_int(host, "CpuPeriod", 0)) {
			json_set_int(cpu, "period", json_get_int(host, "CpuPeriod", 0));
		}
		if (json_get_int(host, "CpuQuota", 0)) {
			json_set_int(cpu, "quota", json_get_int(host, "CpuQuota", 0));
		}
	}
	copy_positive(cpu, "shares", host, "CpuShares");
	copy_text(cpu, "cpus", host, "CpusetCpus");
	copy_text(cpu, "mems", host, "CpusetMems");

	return cpu;
}

/* As with Docker, memory and swap together are twice the memory unless told otherwise. */
static json *make_memory(json *host)
{
	json *memory = json_object_new_object();
	int64_t limit = json_get_int(host, "Memory", 0);
	int64_t swap = json_get_int(host, "MemorySwap", 0);

	if (limit > 0) {
		json_set_int(memory, "limit", limit);
		if (oci_has_cgroup2() || swap) {
			json_set_int(memory, "swap", swap ? swap : 2 * limit);
		}
	}
	copy_positive(memory, "reservation", host, "MemoryReservation");

	if (json_get_bool(host, "OomKillDisable", false)) {
		json_set_bool(memory, "disableOOMKiller", true);
	}
	return memory;
}

static void set_filled(json *object, const char *key, json *part)
{
	if (json_object_object_length(part)) {
		json_set(object, key, part);
	} else {
		json_object_put(part);
	}
}

json *oci_resources(json *host)
{
	json *resources = json_object_new_object();
	int64_t pids = json_get_int(host, "PidsLimit", 0);

	set_filled(resources, "cpu", make_cpu(host));
	set_filled(resources, "memory", make_memory(host));
	if (pids > 0 || pids == -1) {
		json *object = json_object_new_object();
		json_set_int(object, "limit", pids);
		json_set(resources, "pids", object);
	}
	json *weight = json_object_new_object();
	copy_positive(weight, "weight", host, "BlkioWeight");
	set_filled(resources, "blockIO", weight);
	return resources;
}

/* major or minor -1: all. */
static json *make_rule(bool is_allowed, const char *type, int64_t major_number,
		       int64_t minor_number, const char *access)
{
	json *rule = json_object_new_object();

	json_set_bool(rule, "allow", is_allowed);
	if (type) {
		json_set_string(rule, "type", type);
	}
	if (major_number >= 0) {
		json_set_int(rule, "major", major_number);
	}
	if (minor_number >= 0) {
		json_set_int(rule, "minor", minor_number);
	}
	json_set_string(rule, "access", access);
	return rule;
}

/* Nodes may be made; null, zero, full, random, urandom, tty, console, ptmx, pts may be used. */
static json *default_rules(void)
{
	static const int numbers[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8},   {1, 9},
					 {5, 0}, {5, 1}, {5, 2}, {136, -1}};
	json *rules = json_object_new_array();

	json_object_array_add(rules, make_rule(false, NULL, -1, -1, "rwm"));
	json_object_array_add(rules, make_rule(true, "c", -1, -1, "m"));
	json_object_array_add(rules, make_rule(true, "b", -1, -1, "m"));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		json_object_array_add(rules,
				      make_rule(true, "c", numbers[i][0], numbers[i][1], "rwm"));
	}
	return rules;
}

static char *add_device(json *devices, json *rules, json *given)
{
	const char *path = json_get_string(given, "PathOnHost", "");
	const char *inside = json_get_string(given, "PathInContainer", "");
	const char *access = json_get_string(given, "CgroupPermissions", "");
	struct stat status;

	if (stat(path, &status) < 0 || !(S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))) {
		return text_format("error gathering device information while adding custom device "
				   "\"%.200s\": %s",
				   path, errno ? strerror(errno) : "not a device");
	}
	json *device = json_object_new_object();
	const char *type = S_ISBLK(status.st_mode) ? "b" : "c";
	json_set_string(device, "path", *inside ? inside : path);
	json_set_string(device, "type", type);
	json_set_int(device, "major", major(status.st_rdev));
	json_set_int(device, "minor", minor(status.st_rdev));
	json_set_int(device, "fileMode", status.st_mode & 0777);
	json_set_int(device, "uid", status.st_uid);
	json_set_int(device, "gid", status.st_gid);
	json_object_array_add(devices, device);
	json_object_array_add(rules, make_rule(true, type, major(status.st_rdev),
					       minor(status.st_rdev), *access ? access : "rwm"));
	return NULL;
}

json *oci_devices(json *host, json *resources, char **error)
{
	json *devices = json_object_new_array();
	json *given = json_get(host, "Devices");
	json *rules = default_rules();

	if (json_get_bool(host, "Privileged", false)) {
		json_object_put(rules);
		rules = json_object_new_array();
		json_object_array_add(rules, make_rule(true, NULL, -1, -1, "rwm"));
	}
	for (size_t i = 0; !*error && i < json_count(given); i++) {
		errno = 0;
		*error = add_device(devices, rules, json_at(given, i));
	}
	json_set(resources, "devices", rules);
	if (*error) {
		json_object_put(devices);
		return NULL;
	}
	return devices;
}
