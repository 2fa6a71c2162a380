/* SPDX-License-Identifier: Apache-2.0 */
/* What follows an instruction's keyword. */
#include "dockerfile_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "json.h"
#include "text.h"

#define BLANKS " \t"

static void add(char ***list, size_t *count, const char *bytes, size_t length)
{
	struct text word = {0};

	text_add(&word, bytes, length);
	*list = memory_resize(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = word.data;
}

static void add_word(struct instruction *instruction, const char *bytes, size_t length)
{
	add(&instruction->words, &instruction->word_count, bytes, length);
}

/* Length of the word at `at`, which ends at a blank outside quotes; a quote stays part of it. */
static size_t quoted_length(const char *at, char escape)
{
	char quote = 0;
	size_t length = 0;

	for (; at[length] && (quote || !strchr(BLANKS, at[length])); length++) {
		char letter = at[length];
		if (letter == escape && quote != '\'' && at[length + 1]) {
			length++;
		} else if (quote) {
			quote = letter == quote ? 0 : quote;
		} else if (letter == '"' || letter == '\'') {
			quote = letter;
		}
	}
	return length;
}

static void split_blanks(struct instruction *instruction, const char *rest)
{
	for (rest += strspn(rest, BLANKS); *rest; rest += strspn(rest, BLANKS)) {
		size_t length = strcspn(rest, BLANKS);
		add_word(instruction, rest, length);
		rest += length;
	}
}

/* `--name=value` words in front. */
static const char *take_flags(struct dockerfile *file, struct instruction *instruction,
			      const char *rest)
{
	while (!strncmp(rest, "--", 2)) {
		size_t length = quoted_length(rest, file->escape);
		if (length > 2) {
			add(&instruction->flags, &instruction->flag_count, rest + 2, length - 2);
		}
		rest += length;
		rest += strspn(rest, BLANKS);
		if (length == 2) {
			break;
		}
	}
	return rest;
}

/* The JSON form: an array of strings. False when it is not one, and nothing has happened then. */
static bool take_exec(struct instruction *instruction, const char *rest)
{
	const char *error;

	if (*rest != '[') {
		return false;
	}
	json *list = json_parse(rest, strlen(rest), &error);
	size_t count = json_count(list);
	bool ok = list && json_object_is_type(list, json_type_array);
	for (size_t i = 0; ok && i < count; i++) {
		ok = json_string_at(list, i);
	}
	for (size_t i = 0; ok && i < count; i++) {
		add_word(instruction, json_string_at(list, i), strlen(json_string_at(list, i)));
	}
	json_object_put(list);
	instruction->is_exec = ok;
	return ok;
}

static bool take_command(struct instruction *instruction, const char *rest)
{
	if (!take_exec(instruction, rest) && *rest) {
		add_word(instruction, rest, strlen(rest));
	}
	return true;
}

static const char *name_of(const struct instruction *instruction)
{
	return instruction_name(instruction->kind);
}

/* ENV and LABEL: `name=value name=value ...`, or the old form `name the whole rest`. */
static bool take_pairs(struct dockerfile *file, struct instruction *instruction, const char *rest)
{
	size_t length = quoted_length(rest, file->escape);

	if (!memchr(rest, '=', length)) {
		const char *value = rest + length + strspn(rest + length, BLANKS);
		if (!*value) {
			return dockerfile_fail(file, instruction->line,
					       "%s must have two arguments", name_of(instruction));
		}
		add_word(instruction, rest, length);
		add_word(instruction, value, strlen(value));
		return true;
	}
	while (*rest) {
		length = quoted_length(rest, file->escape);
		const char *equals = memchr(rest, '=', length);
		if (!equals || equals == rest) {
			return dockerfile_fail(
				file, instruction->line,
				"can't find = in \"%.*s\": %s takes name=value words",
				(int)(length < 60 ? length : 60), rest, name_of(instruction));
		}
		add_word(instruction, rest, (size_t)(equals - rest));
		add_word(instruction, equals + 1, (size_t)(rest + length - equals - 1));
		rest += length;
		rest += strspn(rest, BLANKS);
	}
	return true;
}

static bool take_args(struct dockerfile *file, struct instruction *instruction, const char *rest)
{
	while (*rest) {
		size_t length = quoted_length(rest, file->escape);
		if (*rest == '=') {
			return dockerfile_fail(file, instruction->line,
					       "ARG names can not be blank");
		}
		add_word(instruction, rest, length);
		rest += length;
		rest += strspn(rest, BLANKS);
	}
	return true;
}

static bool take_health(struct dockerfile *file, struct instruction *instruction, const char *rest)
{
	size_t length = strcspn(rest, BLANKS);
	const char *command = rest + length + strspn(rest + length, BLANKS);
	bool is_none = length == 4 && !strncasecmp(rest, "NONE", 4);

	if (!is_none && (length != 3 || strncasecmp(rest, "CMD", 3))) {
		return dockerfile_fail(file, instruction->line,
				       "HEALTHCHECK takes NONE or CMD, not \"%.*s\"",
				       (int)(length < 40 ? length : 40), rest);
	}
	add_word(instruction, is_none ? "NONE" : "CMD", is_none ? 4 : 3);
	if (is_none ? *command : !*command) {
		return dockerfile_fail(file, instruction->line,
				       is_none ? "HEALTHCHECK NONE takes no arguments"
					       : "missing command after HEALTHCHECK CMD");
	}
	return is_none || take_command(instruction, command);
}

static bool check_trigger(struct dockerfile *file, struct instruction *instruction,
			  const char *rest)
{
	struct dockerfile inner;
	bool ok = dockerfile_parse_one(&inner, rest);
	enum instruction_kind kind = ok ? inner.instructions[0].kind : INSTRUCTION_KINDS;
	bool is_chained = kind == INSTRUCTION_ONBUILD || kind == INSTRUCTION_FROM ||
			  kind == INSTRUCTION_MAINTAINER;

	if (!ok) {
		dockerfile_fail(file, instruction->line, "in ONBUILD: %s", inner.error);
	} else if (is_chained) {
		ok = dockerfile_fail(file, instruction->line,
				     "%s isn't allowed as an ONBUILD trigger",
				     instruction_name(kind));
	}
	dockerfile_free(&inner);
	if (ok) {
		add_word(instruction, rest, strlen(rest));
	}
	return ok;
}

/* Least and most words of each kind; most 0: any number. */
static bool check_count(struct dockerfile *file, const struct instruction *instruction)
{
	size_t count = instruction->word_count;
	bool is_path_list =
		instruction->kind == INSTRUCTION_ADD || instruction->kind == INSTRUCTION_COPY;
	bool may_be_empty = instruction->is_exec && (instruction->kind == INSTRUCTION_CMD ||
						     instruction->kind == INSTRUCTION_ENTRYPOINT);

	if (is_path_list && count < 2) {
		return dockerfile_fail(file, instruction->line,
				       "%s requires at least two arguments, but only %zu provided. "
				       "Destination could not be determined",
				       name_of(instruction), count);
	}
	if (!count && !may_be_empty) {
		return dockerfile_fail(file, instruction->line, "%s requires at least one argument",
				       name_of(instruction));
	}
	if (instruction->kind == INSTRUCTION_FROM && count != 1 &&
	    !(count == 3 && !strcasecmp(instruction->words[1], "AS"))) {
		return dockerfile_fail(
			file, instruction->line,
			"FROM requires either one or three arguments: FROM image [AS name]");
	}
	if (instruction->kind == INSTRUCTION_SHELL && !instruction->is_exec) {
		return dockerfile_fail(file, instruction->line,
				       "SHELL requires the arguments to be in JSON form");
	}
	return true;
}

static bool take_words(struct dockerfile *file, struct instruction *instruction, const char *rest)
{
	switch (instruction->kind) {
	case INSTRUCTION_RUN:
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
	case INSTRUCTION_SHELL:
		return take_command(instruction, rest);
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
	case INSTRUCTION_VOLUME:
		if (!take_exec(instruction, rest)) {
			split_blanks(instruction, rest);
		}
		return true;
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL:
		return !*rest || take_pairs(file, instruction, rest);
	case INSTRUCTION_ARG:
		return take_args(file, instruction, rest);
	case INSTRUCTION_EXPOSE:
	case INSTRUCTION_FROM:
		split_blanks(instruction, rest);
		return true;
	case INSTRUCTION_HEALTHCHECK:
		return !*rest || take_health(file, instruction, rest);
	case INSTRUCTION_ONBUILD:
		return !*rest || check_trigger(file, instruction, rest);
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_WORKDIR:
		if (*rest) {
			add_word(instruction, rest, strlen(rest));
		}
		return true;
	case INSTRUCTION_KINDS:
		break;
	}
	return false;
}

/* Flags that an instruction knows; the rest belongs to BuildKit, and is refused by name. */
static bool check_flags(struct dockerfile *file, const struct instruction *instruction)
{
	static const char *const known[INSTRUCTION_KINDS] = {
		[INSTRUCTION_ADD] = " chown chmod checksum ",
		[INSTRUCTION_COPY] = " from chown chmod ",
		[INSTRUCTION_FROM] = " platform ",
		[INSTRUCTION_HEALTHCHECK] =
			" interval timeout start-period start-interval retries ",
	};

	for (size_t i = 0; i < instruction->flag_count; i++) {
		const char *flag = instruction->flags[i];
		char *name = text_format(" %.*s ", (int)strcspn(flag, "="), flag);
		bool is_known = known[instruction->kind] && strstr(known[instruction->kind], name);
		free(name);
		if (!is_known) {
			return dockerfile_fail(file, instruction->line, "%s knows no flag --%.*s",
					       name_of(instruction), (int)strcspn(flag, "="), flag);
		}
		if (!strchr(flag, '=')) {
			return dockerfile_fail(file, instruction->line,
					       "missing a value on flag --%.40s", flag);
		}
	}
	return true;
}

bool dockerfile_parse_arguments(struct dockerfile *file, struct instruction *instruction,
				const char *rest)
{
	bool has_flags = instruction->kind != INSTRUCTION_ONBUILD &&
			 instruction->kind != INSTRUCTION_ENV &&
			 instruction->kind != INSTRUCTION_LABEL;

	if (has_flags) {
		rest = take_flags(file, instruction, rest);
	}
	return check_flags(file, instruction) && take_words(file, instruction, rest) &&
	       check_count(file, instruction);
}
