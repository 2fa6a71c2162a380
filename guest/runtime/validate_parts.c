/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of mounts, hooks, annotations and the Linux part. */
#include "validate_parts.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include "memory_policy.h"
#include "mount_options.h"
#include "netdev.h"
#include "rdt.h"
#include "sysctl.h"
#include "validate.h"

static int check_mount(json *mount, size_t index, struct error *e)
{
	struct mount_options options;
	char where[40];

	snprintf(where, sizeof(where), "mounts[%zu].", index);
	if (!json_object_is_type(mount, json_type_object)) {
		return error_set(e, 0, "config.json: mounts[%zu] must be an object", index);
	}
	if (validate_type(mount, where, "destination", json_type_string, true, e) < 0 ||
	    validate_type(mount, where, "type", json_type_string, false, e) < 0 ||
	    validate_type(mount, where, "source", json_type_string, false, e) < 0 ||
	    validate_type(mount, where, "uidMappings", json_type_array, false, e) < 0 ||
	    validate_type(mount, where, "gidMappings", json_type_array, false, e) < 0 ||
	    validate_strings(mount, where, "options", e) < 0 ||
	    mount_options_read(json_get_array(mount, "options"), &options, e) < 0) {
		return -1;
	}
	bool bind = options.bind || !strcmp(json_get_string(mount, "type", ""), "bind");
	bool remount = options.remount;
	mount_options_free(&options);
	if (!*json_get_string(mount, "destination", "")) {
		return error_set(e, 0, "config.json: %sdestination is empty", where);
	}
	if (bind && !remount && !*json_get_string(mount, "source", "")) {
		return error_set(e, 0, "config.json: %ssource is missing", where);
	}
	if (!bind && !remount && !*json_get_string(mount, "type", "")) {
		return error_set(e, 0, "config.json: %stype is missing", where);
	}
	return 0;
}

int validate_mounts(json *config, struct error *e)
{
	json *list = json_get(config, "mounts");

	if (validate_type(config, "", "mounts", json_type_array, false, e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < json_count(list); i++) {
		if (check_mount(json_object_array_get_idx(list, i), i, e) < 0) {
			return -1;
		}
	}
	return 0;
}

static int check_hook(json *hook, const char *name, struct error *e)
{
	char where[40];

	snprintf(where, sizeof(where), "hooks.%s[].", name);
	if (!json_object_is_type(hook, json_type_object)) {
		return error_set(e, 0, "config.json: hooks.%s must hold objects", name);
	}
	if (validate_type(hook, where, "path", json_type_string, true, e) < 0 ||
	    validate_strings(hook, where, "args", e) < 0 ||
	    validate_strings(hook, where, "env", e) < 0 ||
	    validate_type(hook, where, "timeout", json_type_int, false, e) < 0) {
		return -1;
	}
	const char *path = json_get_string(hook, "path", "");
	if (path[0] != '/') {
		return error_set(e, 0, "config.json: %spath must be absolute, not \"%s\"", where,
				 path);
	}
	return json_get(hook, "timeout") && json_get_int(hook, "timeout", 0) <= 0
		       ? error_set(e, 0, "config.json: %stimeout must be greater than 0", where)
		       : 0;
}

int validate_hooks(json *config, struct error *e)
{
	static const char *const names[] = {"prestart",       "createRuntime", "createContainer",
					    "startContainer", "poststart",     "poststop"};
	json *hooks = json_get(config, "hooks");

	if (validate_type(config, "", "hooks", json_type_object, false, e) < 0) {
		return -1;
	}
	for (size_t i = 0; hooks && i < sizeof(names) / sizeof(*names); i++) {
		json *list = json_get(hooks, names[i]);
		if (validate_type(hooks, "hooks.", names[i], json_type_array, false, e) < 0) {
			return -1;
		}
		for (size_t j = 0; j < json_count(list); j++) {
			if (check_hook(json_object_array_get_idx(list, j), names[i], e) < 0) {
				return -1;
			}
		}
	}
	return 0;
}

static int check_map(json *object, const char *where, const char *key, struct error *e)
{
	json *map = json_get(object, key);

	if (validate_type(object, where, key, json_type_object, false, e) < 0 || !map) {
		return map ? -1 : 0;
	}
	struct json_object_iter at;
	json_object_object_foreachC(map, at)
	{
		const char *name = at.key;
		json *value = at.val;
		if (!*name || !json_object_is_type(value, json_type_string)) {
			return error_set(e, 0, "config.json: %s%s.%s must be a string", where, key,
					 name);
		}
	}
	return 0;
}

int validate_annotations(json *config, struct error *e)
{
	return check_map(config, "", "annotations", e);
}

static int check_paths(json *linux_config, const char *key, struct error *e)
{
	json *list = json_get(linux_config, key);

	if (validate_strings(linux_config, "linux.", key, e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < json_count(list); i++) {
		if (json_string_at(list, i)[0] != '/') {
			return error_set(e, 0, "config.json: linux.%s[%zu] must be absolute", key,
					 i);
		}
	}
	return 0;
}

static int check_objects(json *linux_config, const char *key, struct error *e)
{
	json *list = json_get(linux_config, key);

	if (validate_type(linux_config, "linux.", key, json_type_array, false, e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < json_count(list); i++) {
		if (!json_object_is_type(json_object_array_get_idx(list, i), json_type_object)) {
			return error_set(e, 0, "config.json: linux.%s[%zu] must be an object", key,
					 i);
		}
	}
	return 0;
}

/* Offsets of other clocks would be left out in silence. */
static int check_clocks(json *linux_config, struct error *e)
{
	json *offsets = json_get_object(linux_config, "timeOffsets");
	struct json_object_iter at;

	if (!offsets) {
		return 0;
	}
	json_object_object_foreachC(offsets, at)
	{
		const char *clock = at.key;
		if (strcmp(clock, "monotonic") && strcmp(clock, "boottime")) {
			return error_set(
				e, 0,
				"config.json: linux.timeOffsets: there is no clock \"%s\", "
				"only monotonic and boottime",
				clock);
		}
	}
	return 0;
}

/* Most containers have none, and shall not load the pages of their checks. */
static int check_rare(json *linux_config, struct error *e)
{
	static const struct {
		const char *key;
		int (*check)(json *linux_config, struct error *e);
	} parts[] = {{"memoryPolicy", memory_policy_check},
		     {"netDevices", netdev_check},
		     {"intelRdt", rdt_check}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (json_get(linux_config, parts[i].key) && parts[i].check(linux_config, e) < 0) {
			return -1;
		}
	}
	return 0;
}

int validate_linux(json *linux_config, struct error *e)
{
	static const char *const objects[] = {"resources", "seccomp", "timeOffsets", "personality",
					      "memoryPolicy"};
	static const char *const lists[] = {"namespaces", "devices", "uidMappings", "gidMappings"};
	static const char *const words[] = {"cgroupsPath", "rootfsPropagation", "mountLabel"};

	for (size_t i = 0; i < 5; i++) {
		if (validate_type(linux_config, "linux.", objects[i], json_type_object, false, e) <
			    0 ||
		    (i < 4 && check_objects(linux_config, lists[i], e) < 0) ||
		    (i < 3 && validate_type(linux_config, "linux.", words[i], json_type_string,
					    false, e) < 0)) {
			return -1;
		}
	}
	if (check_paths(linux_config, "maskedPaths", e) < 0 ||
	    check_paths(linux_config, "readonlyPaths", e) < 0 ||
	    check_clocks(linux_config, e) < 0 || check_rare(linux_config, e) < 0) {
		return -1;
	}
	return check_map(linux_config, "linux.", "sysctl", e);
}

static int check_sysctl(json *config, int own, struct error *e)
{
	json *list = json_get_object(json_get_object(config, "linux"), "sysctl");

	if (!list) {
		return 0;
	}
	struct json_object_iter at;
	json_object_object_foreachC(list, at)
	{
		const char *key = at.key;
		char dotted[256];
		size_t length = strlen(key);
		if (length >= sizeof(dotted) || strstr(key, "..")) {
			return error_set(e, 0, "linux.sysctl: \"%s\" is no parameter", key);
		}
		for (size_t i = 0; i <= length; i++) {
			dotted[i] = key[i] == '/' ? '.' : key[i];
		}
		int needed = sysctl_namespace(dotted);
		if (!(needed & own)) {
			const char *name = needed ? namespaces_name(needed) : NULL;
			return name ? error_set(e, 0,
						"linux.sysctl: %s needs a %s namespace of the "
						"container",
						key, name)
				    : error_set(e, 0, "linux.sysctl: %s would change the host",
						key);
		}
	}
	return 0;
}

int validate_namespaces(json *config, const struct namespaces *ns, bool rootless, struct error *e)
{
	json *linux_config = json_get_object(config, "linux");
	int own = ns->made | ns->joined;
	bool names = *json_get_string(config, "hostname", "") ||
		     *json_get_string(config, "domainname", "");

	if (names && !(own & CLONE_NEWUTS)) {
		return error_set(e, 0, "hostname and domainname need a uts namespace");
	}
	if (json_get_array(linux_config, "uidMappings") &&
	    json_count(json_get_array(linux_config, "uidMappings")) && !(own & CLONE_NEWUSER)) {
		return error_set(e, 0, "linux.uidMappings need a user namespace");
	}
	if (rootless && !(own & CLONE_NEWUSER)) {
		return error_set(e, 0,
				 "without root a container needs a user namespace: add "
				 "{\"type\":\"user\"} to linux.namespaces, with mappings");
	}
	if (!(ns->made & CLONE_NEWNS) && json_count(json_get_array(config, "mounts"))) {
		return error_set(e, 0,
				 "mounts need a mount namespace of the container's own: add "
				 "{\"type\":\"mount\"} to linux.namespaces");
	}
	if (netdev_is_wanted(linux_config) && (!(own & CLONE_NEWNET) || rootless)) {
		return error_set(e, 0,
				 rootless ? "linux.netDevices can be moved by root alone"
					  : "linux.netDevices need a network namespace of the "
					    "container: add {\"type\":\"network\"} to "
					    "linux.namespaces");
	}
	if (json_get(linux_config, "timeOffsets") && !(ns->made & CLONE_NEWTIME)) {
		return error_set(e, 0, "linux.timeOffsets need a new time namespace");
	}
	return check_sysctl(config, own, e);
}
