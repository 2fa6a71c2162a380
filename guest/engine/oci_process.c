/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: process. */
#include "create_config.h"
#include "file.h"
#include "oci.h"
#include "process_names.h"
#include "spec_check.h"
#include "text.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Docker's default set. */
static const char *const default_capabilities[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
	"CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
	"CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
	"CAP_KILL",    "CAP_AUDIT_WRITE",
};

/* What the engine itself may give: its bounding set. */
static uint64_t bounding_set(void)
{
	struct text text = {0};
	uint64_t set = ~UINT64_C(0);

	if (file_read_at(AT_FDCWD, "/proc/self/status", &text, 65536) == 0) {
		const char *line = strstr(text.data, "CapBnd:");
		set = line ? strtoull(line + 7, NULL, 16) : set;
	}
	text_free(&text);
	return set;
}

static bool list_has(json *list, const char *name)
{
	for (size_t i = 0; i < json_count(list); i++) {
		char *known = spec_capability(json_string_at(list, i));
		bool is_it = known && !strcmp(known, name);
		free(known);
		if (is_it) {
			return true;
		}
	}
	return false;
}

static bool is_default(const char *name)
{
	for (size_t i = 0; i < sizeof(default_capabilities) / sizeof(char *); i++) {
		if (!strcmp(default_capabilities[i], name)) {
			return true;
		}
	}
	return false;
}

json *oci_capabilities(json *host)
{
	json *list = json_object_new_array();
	json *add = json_get(host, "CapAdd");
	json *drop = json_get(host, "CapDrop");
	bool has_all = json_get_bool(host, "Privileged", false) || list_has(add, "ALL");
	bool has_none = list_has(drop, "ALL");
	uint64_t allowed = bounding_set();

	for (int i = 0; i < CAPABILITY_COUNT; i++) {
		const char *name = capability_names[i];
		bool is_wanted = has_all || (!has_none && is_default(name)) || list_has(add, name);
		if (!json_get_bool(host, "Privileged", false) && list_has(drop, name)) {
			is_wanted = false;
		}
		if (is_wanted && (allowed >> i & 1)) {
			json_append_string(list, name);
		}
	}
	json *capabilities = json_object_new_object();
	json_set(capabilities, "bounding", json_object_get(list));
	json_set(capabilities, "effective", json_object_get(list));
	json_set(capabilities, "permitted", list);
	return capabilities;
}

static bool has_no_new_privileges(json *host)
{
	const char *value = oci_security_option(host, "no-new-privileges");

	return value && strcasecmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

/* Ulimits: {"Name":"nofile","Soft":n,"Hard":n}. */
static json *make_rlimits(json *ulimits)
{
	json *list = json_object_new_array();

	for (size_t i = 0; i < json_count(ulimits); i++) {
		json *given = json_at(ulimits, i);
		json *limit = json_object_new_object();
		char *type = text_format("RLIMIT_%s", json_get_string(given, "Name", ""));
		for (char *c = type; *c; c++) {
			*c = (char)toupper((unsigned char)*c);
		}
		int64_t soft = json_get_int(given, "Soft", 0);
		int64_t hard = json_get_int(given, "Hard", 0);
		json_set_string(limit, "type", type);
		/* -1 is unlimited: the largest number of the OCI's uint64. */
		json_set(limit, "soft", json_object_new_uint64((uint64_t)soft));
		json_set(limit, "hard", json_object_new_uint64((uint64_t)hard));
		json_object_array_add(list, limit);
		free(type);
	}
	return list;
}

static json *make_env(struct container *container, json *config, const char *home)
{
	json *env = json_object_new_array();
	json *given = json_get(config, "Env");

	if (!env_value(given, "PATH")) {
		json_append_string(env, DEFAULT_PATH);
	}
	char *text = text_format("HOSTNAME=%s", json_get_string(config, "Hostname", ""));
	if (!env_value(given, "HOSTNAME")) {
		json_append_string(env, text);
	}
	free(text);
	if (container->has_tty && !env_value(given, "TERM")) {
		json_append_string(env, "TERM=xterm");
	}
	json_append_strings(env, given);
	if (!env_value(given, "HOME")) {
		text = text_format("HOME=%s", home && *home ? home : "/");
		json_append_string(env, text);
		free(text);
	}
	return env;
}

/* The own group is an additional one too: a set-group-ID program does not lose it, and what is
 * kept from the group stays kept (CVE-2022-36109). */
static json *make_user(const struct oci_user *user)
{
	json *object = json_object_new_object();
	json *groups = json_object_new_array();

	json_object_array_add(groups, json_object_new_int64(user->gid));
	for (size_t i = 0; i < json_count(user->groups); i++) {
		json *group = json_at(user->groups, i);
		if (json_object_get_int64(group) != user->gid) {
			json_object_array_add(groups, json_object_get(group));
		}
	}
	json_set_int(object, "uid", user->uid);
	json_set_int(object, "gid", user->gid);
	json_set(object, "additionalGids", groups);
	return object;
}

static json *make_arguments(json *spec)
{
	json *command = create_command(json_get(spec, "Config"));

	if (!json_get_bool(json_get(spec, "HostConfig"), "Init", false)) {
		return command;
	}
	json *arguments = json_object_new_array();
	json_append_string(arguments, "/sbin/docker-init");
	json_append_string(arguments, "--");
	json_append_strings(arguments, command);
	json_object_put(command);
	return arguments;
}

/* None is the default: bh-runtime then leaves what it runs under itself. */
static void set_labels(json *process, json *host, char **error)
{
	struct oci_labels labels = oci_labels(host, error);

	if (oci_apparmor(host)) {
		json_set_string(process, "apparmorProfile", oci_apparmor(host));
	}
	if (labels.process) {
		json_set_string(process, "selinuxLabel", labels.process);
	}
	oci_labels_free(&labels);
}

json *oci_process(struct container *container, json *spec, int rootfs, char **error)
{
	json *config = json_get(spec, "Config");
	json *host = json_get(spec, "HostConfig");
	json *process = json_object_new_object();
	struct oci_user user;

	if (oci_user_find(rootfs, json_get_string(config, "User", ""), json_get(host, "GroupAdd"),
			  &user, error) < 0) {
		json_object_put(process);
		return NULL;
	}
	const char *directory = json_get_string(config, "WorkingDir", "");
	json_set_bool(process, "terminal", container->has_tty);
	json_set(process, "user", make_user(&user));
	json_set(process, "args", make_arguments(spec));
	json_set(process, "env", make_env(container, config, user.home));
	json_set_string(process, "cwd", *directory ? directory : "/");
	json_set(process, "capabilities", oci_capabilities(host));
	json_set_bool(process, "noNewPrivileges", has_no_new_privileges(host));
	set_labels(process, host, error);
	if (json_count(json_get(host, "Ulimits"))) {
		json_set(process, "rlimits", make_rlimits(json_get(host, "Ulimits")));
	}
	if (json_get(host, "OomScoreAdj")) {
		json_set_int(process, "oomScoreAdj", json_get_int(host, "OomScoreAdj", 0));
	}
	oci_user_free(&user);
	return process;
}
