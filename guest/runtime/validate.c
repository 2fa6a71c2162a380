/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of config.json. runtime-spec, config.md and config-linux.md. */
#include "validate.h"

#include <json-c/json_visit.h>
#include <string.h>
#include "validate_parts.h"

#define LIST_LIMIT 8192 /* entries of any array */

/* A NUL in a string would cut it where the kernel reads it. */
static int check_strings(json *value, int flags, json *parent, const char *key, size_t *index,
			 void *found)
{
	(void)parent;
	(void)key;
	(void)index;
	if (flags & JSON_C_VISIT_SECOND) {
		return JSON_C_VISIT_RETURN_CONTINUE;
	}
	if (json_object_is_type(value, json_type_array) &&
	    json_object_array_length(value) > LIST_LIMIT) {
		*(const char **)found = "an array has more than 8192 entries";
		return JSON_C_VISIT_RETURN_STOP;
	}
	if (json_object_is_type(value, json_type_string) &&
	    strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value)) {
		*(const char **)found = "a string holds a NUL character";
		return JSON_C_VISIT_RETURN_STOP;
	}
	return JSON_C_VISIT_RETURN_CONTINUE;
}

int validate_type(json *object, const char *where, const char *key, enum json_type type,
		  bool required, struct error *e)
{
	static const char *const names[] = {
		[json_type_null] = "null",        [json_type_boolean] = "true or false",
		[json_type_double] = "a number",  [json_type_int] = "an integer",
		[json_type_object] = "an object", [json_type_array] = "an array",
		[json_type_string] = "a string"};
	json *value = json_get(object, key);

	if (!value) {
		return required ? error_set(e, 0, "config.json: %s%s is missing", where, key) : 0;
	}
	return json_object_is_type(value, type)
		       ? 0
		       : error_set(e, 0, "config.json: %s%s must be %s", where, key, names[type]);
}

int validate_strings(json *object, const char *where, const char *key, struct error *e)
{
	json *array = json_get(object, key);

	if (validate_type(object, where, key, json_type_array, false, e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < json_count(array); i++) {
		if (!json_string_at(array, i)) {
			return error_set(e, 0, "config.json: %s%s[%zu] must be a string", where,
					 key, i);
		}
	}
	return 0;
}

/* "1.0.2-dev": numbers with dots, and whatever semver allows after them. */
static int check_version(json *config, struct error *e)
{
	const char *version = json_get_string(config, "ociVersion", NULL);
	const char *at = version;

	if (!version) {
		return error_set(e, 0, "config.json: ociVersion is missing or no string");
	}
	for (int part = 0; part < 3; part++) {
		size_t digits = strspn(at, "0123456789");
		if (!digits || (part < 2 && at[digits] != '.')) {
			return error_set(e, 0, "config.json: ociVersion \"%s\" is no version",
					 version);
		}
		at += digits + (part < 2);
	}
	if (*at && *at != '-' && *at != '+') {
		return error_set(e, 0, "config.json: ociVersion \"%s\" is no version", version);
	}
	return version[0] == '1' && version[1] == '.'
		       ? 0
		       : error_set(e, 0, "config.json: ociVersion %s is not supported, 1.x is",
				   version);
}

static int check_id(json *object, const char *where, const char *key, struct error *e)
{
	json *value = json_get(object, key);

	if (validate_type(object, where, key, json_type_int, false, e) < 0) {
		return -1;
	}
	int64_t id = value ? json_object_get_int64(value) : 0;
	return id < 0 || id >= UINT32_MAX
		       ? error_set(e, 0, "config.json: %s%s is out of range", where, key)
		       : 0;
}

static int check_user(json *process, struct error *e)
{
	json *user = json_get(process, "user");
	json *groups = json_get(user, "additionalGids");

	if (validate_type(process, "process.", "user", json_type_object, false, e) < 0 ||
	    check_id(user, "process.user.", "uid", e) < 0 ||
	    check_id(user, "process.user.", "gid", e) < 0 ||
	    check_id(user, "process.user.", "umask", e) < 0 ||
	    validate_type(user, "process.user.", "additionalGids", json_type_array, false, e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < json_count(groups); i++) {
		json *group = json_at(groups, i);
		if (!json_object_is_type(group, json_type_int) ||
		    json_object_get_int64(group) < 0 ||
		    json_object_get_int64(group) >= UINT32_MAX) {
			return error_set(e, 0,
					 "config.json: process.user.additionalGids[%zu] is no "
					 "group",
					 i);
		}
	}
	return 0;
}

static int check_env(json *process, struct error *e)
{
	json *env = json_get_array(process, "env");

	for (size_t i = 0; i < json_count(env); i++) {
		const char *entry = json_string_at(env, i);
		if (!strchr(entry, '=') || entry[0] == '=') {
			return error_set(e, 0, "config.json: process.env[%zu] is not NAME=VALUE",
					 i);
		}
	}
	return 0;
}

int validate_process(json *process, struct error *e)
{
	const char *const where = "process.";
	static const char *const flags[] = {"terminal", "noNewPrivileges"};
	static const char *const words[] = {"apparmorProfile", "selinuxLabel"};

	if (validate_type(process, where, "args", json_type_array, true, e) < 0 ||
	    validate_strings(process, where, "args", e) < 0 ||
	    validate_type(process, where, "cwd", json_type_string, true, e) < 0 ||
	    validate_strings(process, where, "env", e) < 0 || check_env(process, e) < 0 ||
	    validate_type(process, where, "capabilities", json_type_object, false, e) < 0 ||
	    validate_type(process, where, "rlimits", json_type_array, false, e) < 0 ||
	    validate_type(process, where, "consoleSize", json_type_object, false, e) < 0 ||
	    validate_type(process, where, "oomScoreAdj", json_type_int, false, e) < 0 ||
	    check_user(process, e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < 2; i++) {
		if (validate_type(process, where, flags[i], json_type_boolean, false, e) < 0 ||
		    validate_type(process, where, words[i], json_type_string, false, e) < 0) {
			return -1;
		}
	}
	if (!json_count(json_get_array(process, "args"))) {
		return error_set(e, 0, "config.json: process.args is empty");
	}
	const char *cwd = json_get_string(process, "cwd", "");
	return cwd[0] == '/' ? 0
			     : error_set(e, 0,
					 "config.json: process.cwd must be an absolute path, "
					 "not \"%s\"",
					 cwd);
}

static int check_top(json *config, struct error *e)
{
	json *root = json_get(config, "root");

	if (validate_type(config, "", "process", json_type_object, true, e) < 0 ||
	    validate_process(json_get(config, "process"), e) < 0 ||
	    validate_type(config, "", "root", json_type_object, true, e) < 0 ||
	    validate_type(root, "root.", "path", json_type_string, true, e) < 0 ||
	    validate_type(root, "root.", "readonly", json_type_boolean, false, e) < 0 ||
	    validate_type(config, "", "hostname", json_type_string, false, e) < 0 ||
	    validate_type(config, "", "domainname", json_type_string, false, e) < 0 ||
	    validate_type(config, "", "linux", json_type_object, false, e) < 0) {
		return -1;
	}
	return *json_get_string(root, "path", "")
		       ? 0
		       : error_set(e, 0, "config.json: root.path is empty");
}

int validate_config(json *config, struct error *e)
{
	const char *found = NULL;

	if (!json_object_is_type(config, json_type_object)) {
		return error_set(e, 0, "config.json is not an object");
	}
	json_c_visit(config, 0, check_strings, &found);
	if (found) {
		return error_set(e, 0, "config.json: %s", found);
	}
	if (check_version(config, e) < 0 || check_top(config, e) < 0 ||
	    validate_mounts(config, e) < 0 || validate_hooks(config, e) < 0 ||
	    validate_annotations(config, e) < 0) {
		return -1;
	}
	return validate_linux(json_get_object(config, "linux"), e);
}
