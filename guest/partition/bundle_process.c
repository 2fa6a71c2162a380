/* SPDX-License-Identifier: Apache-2.0 */
/* A process object (runtime-spec, "Process") as records for the agent. */
#include "bundle.h"

#include "process_names.h"
#include "spec.h"

#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static void record(struct text *spec, char letter,
							 const char *format, ...)
{
	va_list arguments;
	char *value;

	va_start(arguments, format);
	value = text_vformat(format, arguments);
	va_end(arguments);
	bundle_record(spec, letter, value);
	free(value);
}

static bool add_strings(json *list, char letter, struct text *spec)
{
	for (size_t i = 0; i < json_count(list); i++) {
		const char *value = json_string_at(list, i);

		if (value == NULL ||
		    strlen(value) != (size_t)json_object_get_string_len(json_at(list, i))) {
			return false;
		}
		bundle_record(spec, letter, value);
	}
	return true;
}

/* Unknown names are those of a newer kernel: nothing here can have them. */
static uint64_t capability_mask(json *list)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < json_count(list); i++) {
		const char *name = json_string_at(list, i);

		for (size_t bit = 0; name != NULL && bit < CAPABILITY_COUNT; bit++) {
			mask |= strcmp(name, capability_names[bit]) == 0 ? UINT64_C(1) << bit : 0;
		}
	}
	return mask;
}

static void add_capabilities(json *object, struct text *spec)
{
	static const struct {
		const char *name;
		char letter;
	} sets[] = {{"bounding", SPEC_BOUNDING},
		    {"effective", SPEC_EFFECTIVE},
		    {"permitted", SPEC_PERMITTED},
		    {"inheritable", SPEC_INHERITABLE},
		    {"ambient", SPEC_AMBIENT}};

	for (size_t i = 0; object != NULL && i < sizeof(sets) / sizeof(sets[0]); i++) {
		record(spec, sets[i].letter, "%llx",
		       (unsigned long long)capability_mask(json_get_array(object, sets[i].name)));
	}
}

static bool add_rlimits(json *list, struct text *spec)
{
	for (size_t i = 0; i < json_count(list); i++) {
		json *limit = json_at(list, i);
		int number = rlimit_number(json_get_string(limit, "type", ""));

		if (number < 0) {
			return false;
		}
		record(spec, SPEC_RLIMIT, "%d %llu %llu", number,
		       (unsigned long long)json_object_get_uint64(json_get(limit, "soft")),
		       (unsigned long long)json_object_get_uint64(json_get(limit, "hard")));
	}
	return true;
}

static void add_user(json *user, struct text *spec)
{
	json *groups = json_get_array(user, "additionalGids");

	record(spec, SPEC_UID, "%lld", (long long)json_get_int(user, "uid", 0));
	record(spec, SPEC_GID, "%lld", (long long)json_get_int(user, "gid", 0));
	for (size_t i = 0; i < json_count(groups); i++) {
		record(spec, SPEC_GROUP, "%lld",
		       (long long)json_object_get_int64(json_at(groups, i)));
	}
	if (json_get(user, "umask") != NULL) {
		record(spec, SPEC_UMASK, "%llo",
		       (unsigned long long)json_get_int(user, "umask", 022));
	}
}

bool bundle_process(json *process, struct text *spec, const char **why)
{
	json *arguments = json_get_array(process, "args");
	json *size = json_get_object(process, "consoleSize");

	if (json_count(arguments) == 0) {
		*why = "process.args is missing or empty";
		return false;
	}
	if (!add_strings(arguments, SPEC_ARGUMENT, spec) ||
	    !add_strings(json_get_array(process, "env"), SPEC_ENVIRONMENT, spec)) {
		*why = "process.args or process.env has something else than strings without NUL in "
		       "it";
		return false;
	}
	if (!add_rlimits(json_get_array(process, "rlimits"), spec)) {
		*why = "process.rlimits has a type that there is not";
		return false;
	}
	bundle_record(spec, SPEC_DIRECTORY, json_get_string(process, "cwd", "/"));
	add_user(json_get_object(process, "user"), spec);
	add_capabilities(json_get_object(process, "capabilities"), spec);
	if (json_get_bool(process, "noNewPrivileges", false)) {
		bundle_record(spec, SPEC_NO_NEW, "");
	}
	if (json_get(process, "oomScoreAdj") != NULL) {
		record(spec, SPEC_OOM, "%lld", (long long)json_get_int(process, "oomScoreAdj", 0));
	}
	if (json_get_bool(process, "terminal", false)) {
		record(spec, SPEC_TERMINAL, "%lld %lld", (long long)json_get_int(size, "height", 0),
		       (long long)json_get_int(size, "width", 0));
	}
	return true;
}
