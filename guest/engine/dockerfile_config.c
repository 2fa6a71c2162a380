/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile_config.h"
#include "create_config.h"
#include "moment.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static json *member_object(json *config, const char *key)
{
	json *object = json_get_object(config, key);

	if (!object) {
		object = json_object_new_object();
		json_set(config, key, object);
	}
	return object;
}

static json *member_array(json *config, const char *key)
{
	json *array = json_get_array(config, key);

	if (!array) {
		array = json_object_new_array();
		json_set(config, key, array);
	}
	return array;
}

static json *list_of(char *const *words, size_t count)
{
	json *list = json_object_new_array();

	for (size_t i = 0; i < count; i++) {
		json_append_string(list, words[i]);
	}
	return list;
}

/* Exec form as it is; else the shell's line behind the shell. */
static json *command_of(json *config, const struct instruction *one, char *const *words)
{
	if (one->is_exec) {
		return list_of(words, one->word_count);
	}
	json *list = json_object_new_array();
	shell_append(list, json_get_array(config, "Shell"));
	json_append_string(list, words[0]);
	return list;
}

const char *dockerfile_config_env(json *config, const char *name)
{
	return env_value(json_get_array(config, "Env"), name);
}

static char *set_pairs(json *config, const struct instruction *one, char *const *words)
{
	for (size_t i = 0; i + 1 < one->word_count; i += 2) {
		if (!*words[i]) {
			return text_format("%s names can not be blank",
					   instruction_name(one->kind));
		}
		if (one->kind == INSTRUCTION_ENV) {
			char *pair = text_format("%s=%s", words[i], words[i + 1]);
			env_set(member_array(config, "Env"), pair);
			free(pair);
		} else {
			json_set_string(member_object(config, "Labels"), words[i], words[i + 1]);
		}
	}
	return NULL;
}

/* PORT or FIRST-LAST, with or without a protocol. */
static char *expose(json *config, const char *word)
{
	char *end;
	unsigned long first = strtoul(word, &end, 10);
	unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
	const char *protocol = *end == '/' ? end + 1 : "tcp";
	bool is_known =
		!strcmp(protocol, "tcp") || !strcmp(protocol, "udp") || !strcmp(protocol, "sctp");

	if (strspn(word, "0123456789") == 0 || (*end && *end != '/') || !is_known || first < 1 ||
	    last < first || last > 65535) {
		return text_format("invalid containerPort: %s", word);
	}
	for (unsigned long port = first; port <= last; port++) {
		char *key = text_format("%lu/%s", port, protocol);
		json_set(member_object(config, "ExposedPorts"), key, json_object_new_object());
		free(key);
	}
	return NULL;
}

static char *expose_all(json *config, char *const *words, size_t count)
{
	char *error = NULL;

	for (size_t i = 0; !error && i < count; i++) {
		/* A variable may have held several. */
		char *copy = text_copy(words[i]);
		char *place = NULL;
		for (char *word = strtok_r(copy, " \t", &place); !error && word;
		     word = strtok_r(NULL, " \t", &place)) {
			error = expose(config, word);
		}
		free(copy);
	}
	return error;
}

static char *set_duration(json *health, const char *key, const struct instruction *one,
			  const char *flag)
{
	const char *value = instruction_flag(one, flag);
	int64_t nanoseconds = 0;

	if (value && (!duration_parse(value, &nanoseconds) || nanoseconds < 0)) {
		return text_format("HEALTHCHECK --%s=%s is no duration, as 30s", flag, value);
	}
	if (value) {
		json_set_int(health, key, nanoseconds);
	}
	return NULL;
}

static char *set_health(json *config, const struct instruction *one, char *const *words)
{
	static const char *const flags[4][2] = {{"Interval", "interval"},
						{"Timeout", "timeout"},
						{"StartPeriod", "start-period"},
						{"StartInterval", "start-interval"}};
	json *health = json_object_new_object();
	json *test = json_object_new_array();
	char *error = NULL;

	json_set(config, "Healthcheck", health);
	json_set(health, "Test", test);
	if (!strcmp(words[0], "NONE")) {
		json_append_string(test, "NONE");
		return NULL;
	}
	json_append_string(test, one->is_exec ? "CMD" : "CMD-SHELL");
	for (size_t i = 1; i < one->word_count; i++) {
		json_append_string(test, words[i]);
	}
	for (int i = 0; !error && i < 4; i++) {
		error = set_duration(health, flags[i][0], one, flags[i][1]);
	}
	if (instruction_flag(one, "retries")) {
		json_set_int(health, "Retries", strtol(instruction_flag(one, "retries"), NULL, 10));
	}
	return error;
}

static void set_directory(json *config, const char *word)
{
	const char *old = word[0] == '/' ? "" : json_get_string(config, "WorkingDir", "");
	char *joined = text_format("%s/%s", old, word);

	json_set_owned(config, "WorkingDir", text_clean_path(joined));
	free(joined);
}

static char *apply_command(json *config, const struct instruction *one, char *const *words,
			   bool *is_cmd_set)
{
	if (one->kind == INSTRUCTION_CMD) {
		json_set(config, "Cmd", command_of(config, one, words));
		*is_cmd_set = true;
	} else {
		json_set(config, "Entrypoint", command_of(config, one, words));
		if (!*is_cmd_set) {
			json_set(config, "Cmd", NULL);
		}
	}
	return NULL;
}

char *dockerfile_config_apply(json *config, const struct instruction *one, char *const *words,
			      bool *is_cmd_set)
{
	switch (one->kind) {
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL:
		return set_pairs(config, one, words);
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
		return apply_command(config, one, words, is_cmd_set);
	case INSTRUCTION_EXPOSE:
		return expose_all(config, words, one->word_count);
	case INSTRUCTION_VOLUME:
		for (size_t i = 0; i < one->word_count; i++) {
			if (!*words[i]) {
				return text_copy("VOLUME specified can not be an empty string");
			}
			json_set(member_object(config, "Volumes"), words[i],
				 json_object_new_object());
		}
		return NULL;
	case INSTRUCTION_USER:
		json_set_string(config, "User", words[0]);
		return NULL;
	case INSTRUCTION_WORKDIR:
		set_directory(config, words[0]);
		return NULL;
	case INSTRUCTION_STOPSIGNAL:
		json_set_string(config, "StopSignal", words[0]);
		return NULL;
	case INSTRUCTION_SHELL:
		json_set(config, "Shell", list_of(words, one->word_count));
		return NULL;
	case INSTRUCTION_ONBUILD:
		json_append_string(member_array(config, "OnBuild"), words[0]);
		return NULL;
	case INSTRUCTION_HEALTHCHECK:
		return set_health(config, one, words);
	case INSTRUCTION_ADD:
	case INSTRUCTION_ARG:
	case INSTRUCTION_COPY:
	case INSTRUCTION_FROM:
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_RUN:
	case INSTRUCTION_KINDS:
		break;
	}
	return NULL;
}

static bool is_change(enum instruction_kind kind)
{
	return kind != INSTRUCTION_ADD && kind != INSTRUCTION_ARG && kind != INSTRUCTION_COPY &&
	       kind != INSTRUCTION_FROM && kind != INSTRUCTION_MAINTAINER &&
	       kind != INSTRUCTION_RUN && kind != INSTRUCTION_SHELL;
}

static const char *look_up(void *context, const char *name)
{
	return dockerfile_config_env(context, name);
}

static char *apply_change(json *config, const struct instruction *one, bool *is_cmd_set)
{
	char **words = memory_zeroed(one->word_count, sizeof(char *));
	char *error = NULL;
	bool is_literal = one->kind == INSTRUCTION_CMD || one->kind == INSTRUCTION_ENTRYPOINT ||
			  one->kind == INSTRUCTION_ONBUILD || one->kind == INSTRUCTION_HEALTHCHECK;

	for (size_t i = 0; !error && i < one->word_count; i++) {
		words[i] = is_literal ? text_copy(one->words[i])
				      : dockerfile_expand(one->words[i], '\\', look_up, config,
							  &error);
	}
	if (!error) {
		error = dockerfile_config_apply(config, one, words, is_cmd_set);
	}
	for (size_t i = 0; i < one->word_count; i++) {
		free(words[i]);
	}
	free(words);
	return error;
}

char *dockerfile_config_changes(json *config, json *changes)
{
	bool is_cmd_set = false;
	char *error = NULL;

	for (size_t i = 0; !error && i < json_count(changes); i++) {
		const char *words = json_string_at(changes, i);
		struct dockerfile file = {0};
		if (!words || !dockerfile_parse_one(&file, words)) {
			error = text_copy(file.error ? file.error : "a change must be a string");
		} else if (!is_change(file.instructions[0].kind)) {
			error = text_format("%s is not a valid change command",
					    instruction_name(file.instructions[0].kind));
		} else {
			error = apply_change(config, &file.instructions[0], &is_cmd_set);
		}
		dockerfile_free(&file);
	}
	return error;
}
