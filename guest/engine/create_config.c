/* SPDX-License-Identifier: Apache-2.0 */
#include "create_config.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* A string or a list: a list; NULL and the empty string: NULL. */
static json *words_of(json *value)
{
	if (json_object_is_type(value, json_type_string)) {
		if (!*json_object_get_string(value)) {
			return NULL;
		}
		json *list = json_object_new_array();
		json_append_string(list, json_object_get_string(value));
		return list;
	}
	return json_count(value) ? json_copy(value) : NULL;
}

void shell_append(json *command, json *shell)
{
	if (json_count(shell)) {
		json_append_strings(command, shell);
	} else {
		json_append_string(command, "/bin/sh");
		json_append_string(command, "-c");
	}
}

const char *env_value(json *env, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < json_count(env); i++) {
		const char *text = json_string_at(env, i);
		if (text && !strncmp(text, key, length) && text[length] == '=') {
			return text + length + 1;
		}
	}
	return NULL;
}

void env_set(json *env, const char *text)
{
	size_t length = strcspn(text, "=");

	for (size_t i = 0; i < json_count(env); i++) {
		const char *old = json_string_at(env, i);
		if (old && !strncmp(old, text, length) && old[length] == '=') {
			json_object_array_put_idx(env, i, json_object_new_string(text));
			return;
		}
	}
	json_append_string(env, text);
}

/* The image's first, unless the client sets the same. KEY without a value takes KEY away. */
static json *merge_env(json *wanted, json *image)
{
	json *env = json_object_new_array();

	for (size_t i = 0; i < json_count(wanted); i++) {
		if (strchr(json_string_at(wanted, i), '=')) {
			env_set(env, json_string_at(wanted, i));
		}
	}
	for (size_t i = 0; i < json_count(image); i++) {
		const char *text = json_string_at(image, i);
		const char *equals = text ? strchr(text, '=') : NULL;
		bool is_set = !equals;
		for (size_t w = 0; equals && w < json_count(wanted); w++) {
			const char *other = json_string_at(wanted, w);
			size_t length = (size_t)(equals - text);
			is_set |= !strncmp(other, text, length) &&
				  (other[length] == '=' || !other[length]);
		}
		if (!is_set) {
			json_append_string(env, text);
		}
	}
	return env;
}

/* Objects: the image's keys that the client's has not. */
static json *merge_objects(json *wanted, json *image)
{
	json *merged = json_copy(image);

	merged = json_object_is_type(merged, json_type_object) ? merged : json_object_new_object();
	if (json_object_is_type(wanted, json_type_object)) {
		json_object_object_foreach(wanted, key, value)
		{
			json_set(merged, key, json_copy(value));
		}
	}
	return merged;
}

static const char *text_or(json *body, json *image, const char *key)
{
	const char *text = json_get_string(body, key, "");

	return *text ? text : json_get_string(image, key, "");
}

static void set_command(json *config, json *body, json *image)
{
	json *entrypoint = words_of(json_get(body, "Entrypoint"));
	json *command = words_of(json_get(body, "Cmd"));
	json *given = json_get(body, "Entrypoint");
	/* --entrypoint "" comes as [""]: take the image's away. */
	bool is_reset = json_count(given) == 1 && !*json_string_at(given, 0);

	if (is_reset) {
		json_object_put(entrypoint);
		entrypoint = NULL;
	} else if (!entrypoint) {
		entrypoint = words_of(json_get(image, "Entrypoint"));
		command = command ? command : words_of(json_get(image, "Cmd"));
	}
	json_set(config, "Cmd", command);
	json_set(config, "Entrypoint", entrypoint);
}

static bool is_given(json *value)
{
	return json_object_is_type(value, json_type_array) ? json_count(value) > 0
							   : json_object_get_int64(value) != 0;
}

/* What the client does not say of it is the image's. */
static void set_health(json *config, json *wanted, json *image)
{
	json *health = json_copy(wanted ? wanted : image);

	if (!health) {
		return;
	}
	if (wanted && image) {
		json_object_object_foreach(image, key, value)
		{
			if (!is_given(json_get(wanted, key))) {
				json_set(health, key, json_copy(value));
			}
		}
	}
	json_set(config, "Healthcheck", health);
}

json *create_config(json *body, json *image, const char *id)
{
	static const char *const flags[] = {"AttachStdin", "AttachStdout", "AttachStderr",
					    "Tty",         "OpenStdin",    "StdinOnce"};
	json *config = json_object_new_object();
	const char *hostname = json_get_string(body, "Hostname", "");
	char *short_id = text_format("%.12s", id);

	json_set_string(config, "Hostname", *hostname ? hostname : short_id);
	free(short_id);
	json_set_string(config, "Domainname", json_get_string(body, "Domainname", ""));
	json_set_string(config, "User", text_or(body, image, "User"));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		json_set_bool(config, flags[i], json_get_bool(body, flags[i], false));
	}
	json_set(config, "ExposedPorts",
		 merge_objects(json_get(body, "ExposedPorts"), json_get(image, "ExposedPorts")));
	json_set(config, "Env", merge_env(json_get(body, "Env"), json_get(image, "Env")));
	set_command(config, body, image);
	json_set_string(config, "Image", json_get_string(body, "Image", ""));
	json_set(config, "Volumes",
		 merge_objects(json_get(body, "Volumes"), json_get(image, "Volumes")));
	json_set_string(config, "WorkingDir", text_or(body, image, "WorkingDir"));
	json_set(config, "Labels",
		 merge_objects(json_get(body, "Labels"), json_get(image, "Labels")));
	json_set_string(config, "StopSignal", text_or(body, image, "StopSignal"));
	if (json_get(body, "StopTimeout")) {
		json_set(config, "StopTimeout", json_copy(json_get(body, "StopTimeout")));
	}
	set_health(config, json_get_object(body, "Healthcheck"),
		   json_get_object(image, "Healthcheck"));
	json *shell = words_of(json_get_array(body, "Shell"));
	shell = shell ? shell : words_of(json_get_array(image, "Shell"));
	if (shell) {
		json_set(config, "Shell", shell);
	}
	return config;
}

static void set_missing(json *object, const char *key, json *value)
{
	if (json_get(object, key)) {
		json_object_put(value);
	} else {
		json_set(object, key, value);
	}
}

json *create_host_config(json *body)
{
	json *host = json_copy(json_get_object(body, "HostConfig"));
	const char *mode;

	host = host ? host : json_object_new_object();
	mode = json_get_string(host, "NetworkMode", "");
	if (!*mode) {
		json_set_string(host, "NetworkMode", "default");
	}
	json *log = json_object_new_object();
	json_set_string(log, "Type", "json-file");
	json_set(log, "Config", json_object_new_object());
	if (!*json_get_string(json_get(host, "LogConfig"), "Type", "")) {
		json *given = json_get_object(json_get(host, "LogConfig"), "Config");
		if (given) {
			json_set(log, "Config", json_copy(given));
		}
		json_set(host, "LogConfig", log);
	} else {
		json_object_put(log);
	}
	if (json_get_int(host, "ShmSize", 0) <= 0) {
		json_set_int(host, "ShmSize", 64 * 1024 * 1024);
	}
	if (!*json_get_string(host, "Runtime", "")) {
		json_set_string(host, "Runtime", "container");
	}
	if (!*json_get_string(host, "IpcMode", "")) {
		json_set_string(host, "IpcMode", "private");
	}
	json *restart = json_object_new_object();
	json_set_string(restart, "Name", "no");
	json_set_int(restart, "MaximumRetryCount", 0);
	set_missing(host, "RestartPolicy", restart);
	set_missing(host, "Memory", json_object_new_int64(0));
	set_missing(host, "NanoCpus", json_object_new_int64(0));
	set_missing(host, "Privileged", json_object_new_boolean(0));
	set_missing(host, "ReadonlyRootfs", json_object_new_boolean(0));
	set_missing(host, "AutoRemove", json_object_new_boolean(0));
	set_missing(host, "PortBindings", json_object_new_object());
	return host;
}

json *create_command(json *config)
{
	json *command = json_object_new_array();
	json *parts[] = {json_get(config, "Entrypoint"), json_get(config, "Cmd")};

	for (size_t p = 0; p < 2; p++) {
		for (size_t i = 0; i < json_count(parts[p]); i++) {
			json_append_string(command, json_string_at(parts[p], i));
		}
	}
	return command;
}
