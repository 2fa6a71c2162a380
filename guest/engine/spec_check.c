/* SPDX-License-Identifier: Apache-2.0 */
#include "spec_check.h"
#include "capability_names.h"
#include "text.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Letters: s string, i integer, b boolean, o object, a array of strings, A array of objects, w
 * words (a string or an array of strings). */
struct key_type {
	const char *key;
	char type;
};

static const struct key_type config_types[] = {
	{"Hostname", 's'},
	{"Domainname", 's'},
	{"User", 's'},
	{"AttachStdin", 'b'},
	{"AttachStdout", 'b'},
	{"AttachStderr", 'b'},
	{"ExposedPorts", 'o'},
	{"Tty", 'b'},
	{"OpenStdin", 'b'},
	{"StdinOnce", 'b'},
	{"Env", 'a'},
	{"Cmd", 'w'},
	{"Healthcheck", 'o'},
	{"Image", 's'},
	{"Volumes", 'o'},
	{"WorkingDir", 's'},
	{"Entrypoint", 'w'},
	{"NetworkDisabled", 'b'},
	{"Labels", 'o'},
	{"StopSignal", 's'},
	{"StopTimeout", 'i'},
	{"HostConfig", 'o'},
	{"NetworkingConfig", 'o'},
};

static const struct key_type host_types[] = {
	{"Binds", 'a'},
	{"LogConfig", 'o'},
	{"NetworkMode", 's'},
	{"PortBindings", 'o'},
	{"RestartPolicy", 'o'},
	{"AutoRemove", 'b'},
	{"VolumesFrom", 'a'},
	{"CapAdd", 'a'},
	{"CapDrop", 'a'},
	{"CgroupnsMode", 's'},
	{"Dns", 'a'},
	{"DnsOptions", 'a'},
	{"DnsSearch", 'a'},
	{"ExtraHosts", 'a'},
	{"GroupAdd", 'a'},
	{"IpcMode", 's'},
	{"OomScoreAdj", 'i'},
	{"PidMode", 's'},
	{"Privileged", 'b'},
	{"PublishAllPorts", 'b'},
	{"ReadonlyRootfs", 'b'},
	{"SecurityOpt", 'a'},
	{"Tmpfs", 'o'},
	{"UTSMode", 's'},
	{"UsernsMode", 's'},
	{"ShmSize", 'i'},
	{"Sysctls", 'o'},
	{"Runtime", 's'},
	{"CpuShares", 'i'},
	{"Memory", 'i'},
	{"NanoCpus", 'i'},
	{"CgroupParent", 's'},
	{"BlkioWeight", 'i'},
	{"CpuPeriod", 'i'},
	{"CpuQuota", 'i'},
	{"CpusetCpus", 's'},
	{"CpusetMems", 's'},
	{"Devices", 'A'},
	{"DeviceCgroupRules", 'a'},
	{"MemoryReservation", 'i'},
	{"MemorySwap", 'i'},
	{"OomKillDisable", 'b'},
	{"PidsLimit", 'i'},
	{"Ulimits", 'A'},
	{"Mounts", 'A'},
	{"MaskedPaths", 'a'},
	{"ReadonlyPaths", 'a'},
	{"Init", 'b'},
	{"Annotations", 'o'},
};

static bool has_elements(json *array, enum json_type type)
{
	for (size_t i = 0; i < json_count(array); i++) {
		if (!json_object_is_type(json_object_array_get_idx(array, i), type)) {
			return false;
		}
	}
	return json_object_is_type(array, json_type_array);
}

static bool has_type(json *value, char type)
{
	switch (type) {
	case 's':
		return json_object_is_type(value, json_type_string);
	case 'i':
		return json_object_is_type(value, json_type_int);
	case 'b':
		return json_object_is_type(value, json_type_boolean);
	case 'o':
		return json_object_is_type(value, json_type_object);
	case 'a':
		return has_elements(value, json_type_string);
	case 'A':
		return has_elements(value, json_type_object);
	default:
		return json_object_is_type(value, json_type_string) ||
		       has_elements(value, json_type_string);
	}
}

static char *check_types(json *object, const struct key_type *types, size_t count,
			 const char *where)
{
	for (size_t i = 0; i < count; i++) {
		json *value = json_get(object, types[i].key);
		if (value && !has_type(value, types[i].type)) {
			return text_format("%s%s has a value of the wrong type", where,
					   types[i].key);
		}
	}
	return NULL;
}

static char *check_env(json *env)
{
	for (size_t i = 0; i < json_count(env); i++) {
		const char *text = json_string_at(env, i);
		if (*text == '=' || !*text) {
			return text_format("invalid environment variable: %.100s", text);
		}
	}
	return NULL;
}

static char *check_strings(json *object, const char *where)
{
	if (object) {
		json_object_object_foreach(object, key, value)
		{
			if (!json_object_is_type(value, json_type_string)) {
				return text_format("%s: %.100s is not a string", where, key);
			}
		}
	}
	return NULL;
}

static char *check_capabilities(json *list, const char *where)
{
	for (size_t i = 0; i < json_count(list); i++) {
		char *name = spec_capability(json_string_at(list, i));
		if (!name) {
			return text_format("invalid %s: unknown capability: \"%.60s\"", where,
					   json_string_at(list, i));
		}
		free(name);
	}
	return NULL;
}

static char *check_limits(json *host)
{
	int64_t memory = json_get_int(host, "Memory", 0);
	int64_t swap = json_get_int(host, "MemorySwap", 0);
	const char *mode = json_get_string(json_get(host, "RestartPolicy"), "Name", "");

	if (memory && memory < 6 * 1024 * 1024) {
		return text_copy("Minimum memory limit allowed is 6MB");
	}
	if (swap > 0 && swap < memory) {
		return text_copy("Minimum memoryswap limit should be larger than memory limit, see "
				 "usage");
	}
	if (json_get_int(host, "NanoCpus", 0) < 0 || json_get_int(host, "ShmSize", 0) < 0) {
		return text_copy("NanoCpus and ShmSize cannot be negative");
	}
	if (json_get_int(host, "NanoCpus", 0) && json_get_int(host, "CpuQuota", 0)) {
		return text_copy("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	}
	if (*mode && strcmp(mode, "no") && strcmp(mode, "always") &&
	    strcmp(mode, "unless-stopped") && strcmp(mode, "on-failure")) {
		return text_format(
			"invalid restart policy: unknown policy '%.60s'; use one of 'no', "
			"'always', 'on-failure', or 'unless-stopped'",
			mode);
	}
	if (json_get_bool(host, "AutoRemove", false) && *mode && strcmp(mode, "no")) {
		return text_copy("can't create 'AutoRemove' container with restart policy");
	}
	return NULL;
}

int64_t spec_size(const char *text)
{
	static const char units[] = "bkmgt";
	char *end;
	double number = strtod(text, &end);
	const char *unit = *end ? strchr(units, tolower((unsigned char)*end)) : units;

	if (end == text || !unit || !(number >= 0 && number < 1e6 * 1e6) ||
	    (*end && end[1] && strcasecmp(end + 1, "b") && strcasecmp(end + 1, "ib"))) {
		return -1;
	}
	for (; unit > units; unit--) {
		number *= 1024;
	}
	return number < 9e18 ? (int64_t)number : -1;
}

static char *check_log(json *log)
{
	const char *type = json_get_string(log, "Type", "");
	const char *size = json_get_string(json_get(log, "Config"), "max-size", NULL);
	const char *count = json_get_string(json_get(log, "Config"), "max-file", NULL);

	if (size && strcmp(size, "-1") && spec_size(size) <= 0) {
		return text_format("invalid value for max-size: %.60s", size);
	}
	if (count && (strspn(count, "0123456789") != strlen(count) || strtol(count, NULL, 10) < 1 ||
		      strtol(count, NULL, 10) > 99)) {
		return text_format("max-file is %.60s, and must be 1 to 99", count);
	}

	if (*type && strcmp(type, "json-file") && strcmp(type, "local") && strcmp(type, "none")) {
		return text_format("logger: no log driver named '%.60s' is registered; there are "
				   "json-file and none",
				   type);
	}
	return check_strings(json_get_object(log, "Config"), "LogConfig");
}

char *spec_check_host(json *host)
{
	char *error = check_types(host, host_types, sizeof(host_types) / sizeof(host_types[0]),
				  "HostConfig.");

	error = error ? error : check_capabilities(json_get(host, "CapAdd"), "CapAdd");
	error = error ? error : check_capabilities(json_get(host, "CapDrop"), "CapDrop");
	error = error ? error : check_strings(json_get(host, "Sysctls"), "Sysctls");
	error = error ? error : check_strings(json_get(host, "Tmpfs"), "Tmpfs");
	error = error ? error : check_log(json_get(host, "LogConfig"));
	return error ? error : check_limits(host);
}

char *spec_check_create(json *body)
{
	char *error =
		check_types(body, config_types, sizeof(config_types) / sizeof(config_types[0]), "");
	const char *directory = json_get_string(body, "WorkingDir", "");

	error = error ? error : check_env(json_get(body, "Env"));
	error = error ? error : check_strings(json_get(body, "Labels"), "Labels");
	if (!error && *directory && *directory != '/') {
		error = text_format("the working directory '%.100s' is invalid, it needs to be an "
				    "absolute path",
				    directory);
	}
	if (!error && !spec_signal(json_get_string(body, "StopSignal", ""), SIGTERM)) {
		error = text_format("invalid signal: %.60s",
				    json_get_string(body, "StopSignal", ""));
	}
	return error ? error : spec_check_host(json_get(body, "HostConfig"));
}

char *spec_capability(const char *name)
{
	const char *bare = strncasecmp(name, "CAP_", 4) ? name : name + 4;

	if (!strcasecmp(bare, "ALL")) {
		return text_copy("ALL");
	}
	for (int i = 0; i < CAPABILITY_COUNT; i++) {
		if (!strcasecmp(capability_names[i] + 4, bare)) {
			return text_copy(capability_names[i]);
		}
	}
	return NULL;
}

int spec_signal(const char *name, int fallback)
{
	char *end;
	long number = strtol(name, &end, 10);

	if (!*name) {
		return fallback;
	}
	if (!*end) {
		return number > 0 && number <= 64 ? (int)number : 0;
	}
	name += strncasecmp(name, "SIG", 3) ? 0 : 3;
	for (int i = 1; i < 32; i++) {
		const char *known = sigabbrev_np(i);
		if (known && !strcasecmp(known, name)) {
			return i;
		}
	}
	if (!strncasecmp(name, "RTMIN+", 6)) {
		number = strtol(name + 6, &end, 10);
		return !*end && number >= 0 && number <= 30 ? 34 + (int)number : 0;
	}
	if (!strncasecmp(name, "RTMAX-", 6)) {
		number = strtol(name + 6, &end, 10);
		return !*end && number >= 0 && number <= 30 ? 64 - (int)number : 0;
	}
	return 0;
}
