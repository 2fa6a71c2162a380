/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp_profile.h"

#include <stdio.h>
#include <string.h>

#define ENTRY_LIMIT 4096

/* The names that this machine goes by. */
static bool has_machine(json *list)
{
	return json_has_string(list, "amd64") || json_has_string(list, "x86_64");
}

static bool is_at_least(const char *release, const char *minimum)
{
	int have[2] = {0, 0};
	int need[2] = {0, 0};

	if (sscanf(release, "%d.%d", &have[0], &have[1]) < 1 ||
	    sscanf(minimum, "%d.%d", &need[0], &need[1]) < 1) {
		return true;
	}
	return have[0] > need[0] || (have[0] == need[0] && have[1] >= need[1]);
}

static bool is_included(json *entry, json *capabilities, const char *release)
{
	json *includes = json_get(entry, "includes");
	json *excludes = json_get(entry, "excludes");
	json *needed = json_get(includes, "caps");
	json *unwanted = json_get(excludes, "caps");

	if ((json_count(json_get(includes, "arches")) &&
	     !has_machine(json_get(includes, "arches"))) ||
	    has_machine(json_get(excludes, "arches")) ||
	    !is_at_least(release, json_get_string(includes, "minKernel", "0")) ||
	    (json_get(excludes, "minKernel") &&
	     is_at_least(release, json_get_string(excludes, "minKernel", "0")))) {
		return false;
	}
	for (size_t i = 0; i < json_count(needed); i++) {
		const char *name = json_string_at(needed, i);
		if (!name || !json_has_string(capabilities, name)) {
			return false;
		}
	}
	for (size_t i = 0; i < json_count(unwanted); i++) {
		const char *name = json_string_at(unwanted, i);
		if (name && json_has_string(capabilities, name)) {
			return false;
		}
	}
	return true;
}

static void share(json *to, json *from, const char *key)
{
	json *value = json_get(from, key);

	if (value) {
		json_set(to, key, json_object_get(value));
	}
}

/* Without what is for choosing only. */
static json *plain_entry(json *entry)
{
	static const char *const kept[] = {"names", "action", "errnoRet", "args"};
	json *plain = json_object_new_object();

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		share(plain, entry, kept[i]);
	}
	const char *name = json_get_string(entry, "name", NULL);
	if (name && !json_get(plain, "names")) {
		json *names = json_object_new_array();
		json_append_string(names, name);
		json_set(plain, "names", names);
	}
	return plain;
}

/* The machine and those whose calls it also takes. */
static json *architectures(json *profile)
{
	static const char native[] = "SCMP_ARCH_X86_64";
	json *map = json_get(profile, "archMap");
	json *list = json_object_new_array();

	for (size_t i = 0; i < json_count(map); i++) {
		json *entry = json_object_array_get_idx(map, i);
		json *below = json_get(entry, "subArchitectures");
		if (strcmp(json_get_string(entry, "architecture", ""), native)) {
			continue;
		}
		json_append_string(list, native);
		for (size_t k = 0; k < json_count(below); k++) {
			if (json_string_at(below, k)) {
				json_append_string(list, json_string_at(below, k));
			}
		}
	}
	return list;
}

json *seccomp_profile_resolve(json *profile, json *capabilities, const char *release,
			      const char **error)
{
	json *entries = json_get(profile, "syscalls");

	*error = NULL;
	if (!json_get_string(profile, "defaultAction", NULL)) {
		*error = "the seccomp profile has no defaultAction";
	} else if (json_count(entries) > ENTRY_LIMIT) {
		*error = "the seccomp profile has too many entries";
	}
	if (*error) {
		return NULL;
	}
	json *result = json_object_new_object();
	json *chosen = json_object_new_array();
	share(result, profile, "defaultAction");
	share(result, profile, "defaultErrnoRet");
	share(result, profile, "flags");
	share(result, profile, "architectures");
	if (json_get(profile, "archMap")) {
		json_set(result, "architectures", architectures(profile));
	}
	for (size_t i = 0; i < json_count(entries); i++) {
		json *entry = json_object_array_get_idx(entries, i);
		if (is_included(entry, capabilities, release)) {
			json_object_array_add(chosen, plain_entry(entry));
		}
	}
	json_set(result, "syscalls", chosen);
	return result;
}
