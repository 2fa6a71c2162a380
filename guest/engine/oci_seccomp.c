/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp section of config.json from a profile of Docker's form, whose rules may depend on
 * capabilities ("includes", "excludes"); a profile of the runtime-spec's form stays as it is.
 */
#include "oci.h"
#include "engine.h"
#include "file.h"
#include "text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define SECCOMP_MAX (1024u * 1024)

static bool has_text(json *list, const char *text)
{
	for (size_t i = 0; i < json_count(list); i++) {
		const char *one = json_string_at(list, i);
		if (one && !strcmp(one, text)) {
			return true;
		}
	}
	return false;
}

static bool has_all(json *list, json *wanted)
{
	for (size_t i = 0; i < json_count(wanted); i++) {
		if (!has_text(list, json_string_at(wanted, i))) {
			return false;
		}
	}
	return true;
}

static bool has_any(json *list, json *wanted)
{
	for (size_t i = 0; i < json_count(wanted); i++) {
		if (has_text(list, json_string_at(wanted, i))) {
			return true;
		}
	}
	return false;
}

static bool applies(json *rule, json *capabilities)
{
	json *includes = json_get(rule, "includes");
	json *excludes = json_get(rule, "excludes");
	json *arches = json_get(includes, "arches");

	return has_all(capabilities, json_get(includes, "caps")) &&
	       !has_any(capabilities, json_get(excludes, "caps")) &&
	       !has_text(json_get(excludes, "arches"), "amd64") &&
	       (!json_count(arches) || has_text(arches, "amd64"));
}

static json *convert_rule(json *rule)
{
	static const char *const keys[] = {"names", "action", "errnoRet", "args"};
	json *copy = json_object_new_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json *value = json_get(rule, keys[i]);
		if (value) {
			json_set(copy, keys[i], json_object_get(value));
		}
	}
	return copy;
}

static json *architectures(json *map)
{
	json *list = json_object_new_array();

	for (size_t i = 0; i < json_count(map); i++) {
		json *entry = json_object_array_get_idx(map, i);
		const char *name = json_get_string(entry, "architecture", "");
		json *more = json_get(entry, "subArchitectures");
		if (strcmp(name, "SCMP_ARCH_X86_64") != 0) {
			continue;
		}
		json_append_string(list, name);
		json_append_strings(list, more);
	}
	return list;
}

json *oci_seccomp_convert(json *profile, json *capabilities)
{
	json *map = json_get_array(profile, "archMap");
	json *rules = json_get_array(profile, "syscalls");
	json *section = json_object_new_object();
	json *list = json_object_new_array();

	json_object_object_foreach(profile, key, value)
	{
		if (strcmp(key, "archMap") != 0 && strcmp(key, "syscalls") != 0) {
			json_set(section, key, json_object_get(value));
		}
	}
	if (map) {
		json_set(section, "architectures", architectures(map));
	}
	for (size_t i = 0; i < json_count(rules); i++) {
		json *rule = json_object_array_get_idx(rules, i);
		if (applies(rule, capabilities)) {
			json_object_array_add(list, convert_rule(rule));
		}
	}
	json_set(section, "syscalls", list);
	return section;
}

/* A text that is JSON already, put into an object as it is. */
static int put_raw(struct json_object *object, struct printbuf *out, int level, int flags)
{
	const char *text = json_object_get_userdata(object);

	(void)level;
	(void)flags;
	return printbuf_memappend(out, text, (int)strlen(text));
}

static json *read_profile(void)
{
	struct text text = {0};
	char *path = engine_program("seccomp.json");
	const char *error = "it cannot be read";
	json *profile = NULL;

	if (file_read_at(AT_FDCWD, path, &text, SECCOMP_MAX) == 0) {
		profile = json_parse(text.data, text.length, &error);
	}
	if (!profile) {
		engine_log("no seccomp profile %s (%s): containers run without one", path, error);
	}
	text_free(&text);
	free(path);
	return profile;
}

/* Most containers have the same capabilities: the last section is kept, as text. */
json *oci_default_seccomp(json *capabilities)
{
	static json *profile;
	static bool is_read;
	static char *kept_for;
	static char *kept;
	const char *key = json_text(capabilities);

	if (!is_read) {
		profile = read_profile();
		is_read = true;
	}
	if (!profile) {
		return NULL;
	}
	if (!kept_for || strcmp(kept_for, key) != 0) {
		json *section = oci_seccomp_convert(profile, capabilities);
		free(kept_for);
		free(kept);
		kept_for = text_copy(key);
		kept = text_copy(json_text(section));
		json_object_put(section);
	}
	json *raw = json_object_new_object();
	json_object_set_serializer(raw, put_raw, kept, NULL);
	return raw;
}
