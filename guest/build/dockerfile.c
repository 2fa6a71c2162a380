/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: directives, comments, continuation. */
#include "dockerfile_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "text.h"

#define BLANKS " \t"

static const char *const names[INSTRUCTION_KINDS] = {
	"ADD",    "ARG",   "CMD",         "COPY",  "ENTRYPOINT", "ENV",
	"EXPOSE", "FROM",  "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
	"RUN",    "SHELL", "STOPSIGNAL",  "USER",  "VOLUME",     "WORKDIR",
};

const char *instruction_name(enum instruction_kind kind)
{
	return names[kind];
}

enum instruction_kind dockerfile_keyword(const char *letters, size_t length)
{
	for (int kind = 0; kind < INSTRUCTION_KINDS; kind++) {
		if (strlen(names[kind]) == length && !strncasecmp(names[kind], letters, length)) {
			return (enum instruction_kind)kind;
		}
	}
	return INSTRUCTION_KINDS;
}

bool dockerfile_fail(struct dockerfile *file, int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *words = text_vformat(format, arguments);
	va_end(arguments);
	free(file->error);
	file->error = line ? text_format("dockerfile parse error line %d: %s", line, words)
			   : text_format("dockerfile parse error: %s", words);
	free(words);
	return false;
}

const char *instruction_flag(const struct instruction *instruction, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < instruction->flag_count; i++) {
		const char *flag = instruction->flags[i];
		if (!strncmp(flag, name, length) && (flag[length] == '=' || !flag[length])) {
			return flag + length + (flag[length] == '=');
		}
	}
	return NULL;
}

static bool parse_instruction(struct dockerfile *file, const char *line, int number)
{
	size_t length = strcspn(line, BLANKS);
	enum instruction_kind kind = dockerfile_keyword(line, length);

	if (kind == INSTRUCTION_KINDS) {
		return dockerfile_fail(file, number, "unknown instruction: %.*s",
				       (int)(length < 40 ? length : 40), line);
	}
	if (file->count == DOCKERFILE_LINES_MAX) {
		return dockerfile_fail(file, number, "more than %d instructions",
				       DOCKERFILE_LINES_MAX);
	}
	file->instructions =
		memory_resize(file->instructions, file->count + 1, sizeof(file->instructions[0]));
	struct instruction *instruction = &file->instructions[file->count++];
	const char *rest = line + length + strspn(line + length, BLANKS);
	*instruction = (struct instruction){.kind = kind, .line = number};
	instruction->original = text_format("%s%s%s", names[kind], *rest ? " " : "", rest);
	return dockerfile_parse_arguments(file, instruction, rest);
}

/* `# escape=X` and `# syntax=...` stand before anything else, each once. */
static bool parse_directive(struct dockerfile *file, const char *comment, int number,
			    bool *is_directive)
{
	const char *name = comment + 1 + strspn(comment + 1, BLANKS);
	size_t length = strcspn(name, " \t=");
	const char *equals = name + length + strspn(name + length, BLANKS);
	bool is_escape = length == 6 && !strncasecmp(name, "escape", 6);
	bool is_other = (length == 6 && !strncasecmp(name, "syntax", 6)) ||
			(length == 5 && !strncasecmp(name, "check", 5));

	*is_directive = *equals == '=' && (is_escape || is_other);
	if (!*is_directive || is_other) {
		return true;
	}
	const char *value = equals + 1 + strspn(equals + 1, BLANKS);
	if ((value[0] != '\\' && value[0] != '`') || value[1 + strspn(value + 1, BLANKS)]) {
		return dockerfile_fail(file, number, "the escape character is \\ or `, not %.20s",
				       value);
	}
	file->escape = value[0];
	return true;
}

/* One line of the file into `line`, without its end. Returns where the next begins, NULL after the
 * last. */
static const char *take_line(struct text *line, const char *next, const char *end)
{
	const char *stop = memchr(next, '\n', (size_t)(end - next));
	size_t length = (size_t)((stop ? stop : end) - next);

	line->length = 0;
	text_add(line, next, length && next[length - 1] == '\r' ? length - 1 : length);
	return stop ? stop + 1 : NULL;
}

static void warn_empty_continuation(struct dockerfile *file, int number)
{
	char *old = file->warnings;

	file->warnings = text_format("%s[WARNING]: Empty continuation line found in line %d\n",
				     old ? old : "", number);
	free(old);
}

/* Takes the continuation mark off the end of the line, if there is one. */
static bool is_continued(struct text *line, char escape)
{
	size_t length = line->length;

	while (length && strchr(BLANKS, line->data[length - 1])) {
		length--;
	}
	if (!length || line->data[length - 1] != escape) {
		return false;
	}
	line->length = length - 1;
	line->data[length - 1] = '\0';
	return true;
}

struct reader {
	const char *next; /* NULL after the last line */
	const char *end;
	int number; /* of the line taken last */
	bool in_directives;
	struct text line, whole;
};

/* The next line that says something, from its first word on; NULL at the end. */
static const char *next_line(struct dockerfile *file, struct reader *reader, bool is_more)
{
	while (reader->next) {
		reader->next = take_line(&reader->line, reader->next, reader->end);
		reader->number++;
		const char *words = reader->line.data + strspn(reader->line.data, BLANKS);
		if (*words == '#') {
			bool is_directive = false;
			if (reader->in_directives &&
			    !parse_directive(file, words, reader->number, &is_directive)) {
				return NULL;
			}
			reader->in_directives = is_directive;
		} else if (*words) {
			reader->in_directives = false;
			return words;
		} else if (is_more) {
			warn_empty_continuation(file, reader->number);
		} else {
			reader->in_directives = false;
		}
	}
	return NULL;
}

static bool parse_lines(struct dockerfile *file, struct reader *reader)
{
	const char *words;

	while ((words = next_line(file, reader, false))) {
		int first = reader->number;
		bool more = true;
		reader->whole.length = 0;
		text_puts(&reader->whole, "");
		for (; words; words = more ? next_line(file, reader, true) : NULL) {
			size_t indent =
				reader->whole.length ? 0 : (size_t)(words - reader->line.data);
			more = is_continued(&reader->line, file->escape);
			text_puts(&reader->whole, reader->line.data + indent);
		}
		while (reader->whole.length &&
		       strchr(BLANKS, reader->whole.data[reader->whole.length - 1])) {
			reader->whole.data[--reader->whole.length] = '\0';
		}
		if (reader->whole.length && !parse_instruction(file, reader->whole.data, first)) {
			return false;
		}
	}
	return !file->error;
}

bool dockerfile_parse(struct dockerfile *file, const char *bytes, size_t length)
{
	struct reader reader = {.next = bytes, .end = bytes + length, .in_directives = true};

	*file = (struct dockerfile){.escape = '\\'};
	if (length > DOCKERFILE_MAX) {
		return dockerfile_fail(file, 0, "longer than %d bytes", DOCKERFILE_MAX);
	}
	if (memchr(bytes, '\0', length)) {
		return dockerfile_fail(file, 0, "a NUL byte in it: not a text");
	}
	if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		reader.next += 3;
	}
	bool ok = parse_lines(file, &reader);
	text_free(&reader.line);
	text_free(&reader.whole);
	return ok && !file->count ? dockerfile_fail(file, 0, "file with no instructions") : ok;
}

bool dockerfile_parse_one(struct dockerfile *file, const char *words)
{
	*file = (struct dockerfile){.escape = '\\'};
	words += strspn(words, BLANKS);
	return parse_instruction(file, words, 0);
}

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i]);
	}
	free(list);
}

void dockerfile_free(struct dockerfile *file)
{
	for (size_t i = 0; i < file->count; i++) {
		struct instruction *instruction = &file->instructions[i];
		free_list(instruction->flags, instruction->flag_count);
		free_list(instruction->words, instruction->word_count);
		free(instruction->original);
	}
	free(file->instructions);
	free(file->warnings);
	free(file->error);
	*file = (struct dockerfile){0};
}
