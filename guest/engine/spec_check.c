/* SPDX-License-Identifier: Apache-2.0 */
#include "spec_check.h"
#include "body_check.h"
#include "process_names.h"
#include "health_state.h"
#include "log_options.h"
#include "resolv.h"
#include "oci.h"
#include "text.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SIZE_LIMIT (INT64_C(1) << 61)
#define CPUS_LIMIT (INT64_C(8192) * 1000000000)

static const struct body_key config_types[] = {
	{"Hostname", 's'},     {"Domainname", 's'},   {"User", 's'},
	{"AttachStdin", 'b'},  {"AttachStdout", 'b'}, {"AttachStderr", 'b'},
	{"ExposedPorts", 'o'}, {"Tty", 'b'},          {"OpenStdin", 'b'},
	{"StdinOnce", 'b'},    {"Env", 'a'},          {"Cmd", 'w'},
	{"Healthcheck", 'o'},  {"Image", 's'},        {"Volumes", 'o'},
	{"WorkingDir", 's'},   {"Entrypoint", 'w'},   {"NetworkDisabled", 'b'},
	{"Labels", 'o'},       {"StopSignal", 's'},   {"OnBuild", 'a'},
	{"StopTimeout", 'i'},  {"HostConfig", 'o'},   {"NetworkingConfig", 'o'},
	{"Shell", 'a'},
};

static const struct body_key host_types[] = {
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
	/* The rest is arithmetic of 64 bits. */
	if (memory > SIZE_LIMIT || swap > SIZE_LIMIT) {
		return text_format("Memory and MemorySwap cannot be more than %lld bytes",
				   (long long)SIZE_LIMIT);
	}
	if (json_get_int(host, "NanoCpus", 0) < 0 || json_get_int(host, "ShmSize", 0) < 0) {
		return text_copy("NanoCpus and ShmSize cannot be negative");
	}
	if (json_get_int(host, "NanoCpus", 0) > CPUS_LIMIT) {
		return text_copy("NanoCpus: that many processors are not there");
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

static char *check_security(json *host)
{
	char *error = NULL;
	struct oci_labels labels = oci_labels(host, &error);

	oci_labels_free(&labels);
	return error;
}

char *spec_check_host(json *host)
{
	char *error = body_check_types(host, host_types, sizeof(host_types) / sizeof(host_types[0]),
				       "HostConfig.");

	error = error ? error : check_capabilities(json_get(host, "CapAdd"), "CapAdd");
	error = error ? error : check_capabilities(json_get(host, "CapDrop"), "CapDrop");
	error = error ? error : body_check_strings(json_get(host, "Sysctls"), "Sysctls");
	error = error ? error : body_check_strings(json_get(host, "Tmpfs"), "Tmpfs");
	error = error ? error : resolv_check(host);
	error = error ? error : log_options_check(json_get(host, "LogConfig"));
	error = error ? error : check_security(host);
	return error ? error : check_limits(host);
}

char *spec_check_create(json *body)
{
	char *error = body_check_types(body, config_types,
				       sizeof(config_types) / sizeof(config_types[0]), "");
	const char *directory = json_get_string(body, "WorkingDir", "");

	error = error ? error : check_env(json_get(body, "Env"));
	error = error ? error : body_check_strings(json_get(body, "Labels"), "Labels");
	error = error ? error : health_check_config(json_get(body, "Healthcheck"));
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

char *spec_check_image(json *config)
{
	static const struct body_key keys[] = {
		{"created", 's'}, {"author", 's'}, {"comment", 's'}, {"architecture", 's'},
		{"os", 's'},      {"config", 'o'}, {"rootfs", 'o'},  {"history", 'A'},
	};
	static const struct body_key history_keys[] = {
		{"created", 's'}, {"created_by", 's'},  {"author", 's'},
		{"comment", 's'}, {"empty_layer", 'b'},
	};
	json *run = json_get(config, "config");
	json *history = json_get(config, "history");
	char *error = body_check_types(config, keys, sizeof(keys) / sizeof(keys[0]), "");

	error = error ? error
		      : body_check_types(run, config_types,
					 sizeof(config_types) / sizeof(config_types[0]), "config.");
	error = error ? error : body_check_strings(json_get(run, "Labels"), "config.Labels");
	error = error ? error : health_check_config(json_get(run, "Healthcheck"));
	for (size_t i = 0; !error && i < json_count(history); i++) {
		error = body_check_types(json_at(history, i), history_keys,
					 sizeof(history_keys) / sizeof(history_keys[0]),
					 "history.");
	}
	return error;
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
