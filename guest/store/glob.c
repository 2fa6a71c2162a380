/* SPDX-License-Identifier: Apache-2.0 */
#include "glob.h"

#include <stdlib.h>
#include <string.h>
#include "tar_plan.h"
#include "text.h"

#define PATTERN_MAX 4096

/* `**` and a slash are two tokens: the choice to leave both out, and a loop that ends in a slash.
 */
enum token_kind {
	TOKEN_BYTE,
	TOKEN_ONE,
	TOKEN_SET,
	TOKEN_STAR,
	TOKEN_DEEP,
	TOKEN_CHOICE,
	TOKEN_LOOP,
};

struct token {
	enum token_kind kind;
	unsigned char byte;
	const char *set; /* behind the bracket */
};

/* Reads [..]; the text behind it, NULL when it does not end. */
static const char *read_set(const char *text, struct token *token)
{
	token->kind = TOKEN_SET;
	token->set = text;
	text += *text == '^';
	for (const char *first = text; *text && (*text != ']' || text == first); text++) {
		if (*text == '\\' && text[1]) {
			text++;
		}
	}
	return *text ? text + 1 : NULL;
}

static bool in_set(const char *set, unsigned char byte)
{
	bool is_negated = *set == '^';
	bool is_in = false;

	set += is_negated;
	for (const char *first = set; *set != ']' || set == first;) {
		set += *set == '\\';
		unsigned char low = (unsigned char)*set++;
		unsigned char high = low;
		if (*set == '-' && set[1] != ']') {
			set += set[1] == '\\' ? 2 : 1;
			high = (unsigned char)*set++;
		}
		is_in |= byte >= low && byte <= high;
	}
	return byte != '/' && is_in != is_negated;
}

static const char *read_star(const char *text, bool is_deep, struct token *token)
{
	size_t stars = strspn(text, "*");

	token->kind = TOKEN_STAR;
	text += stars;
	if (is_deep && stars > 1) {
		token->kind = *text == '/' ? TOKEN_CHOICE : TOKEN_DEEP;
		text += *text == '/';
	}
	return text;
}

/* The number of tokens, -1 for a malformed pattern. */
static int compile(const char *text, bool is_deep, struct token *tokens)
{
	int count = 0;

	while (text && *text) {
		struct token *token = &tokens[count++];
		if (*text == '*') {
			text = read_star(text, is_deep, token);
			if (token->kind == TOKEN_CHOICE) {
				tokens[count++].kind = TOKEN_LOOP;
			}
		} else if (*text == '?') {
			token->kind = TOKEN_ONE;
			text++;
		} else if (*text == '[') {
			text = read_set(text + 1, token);
		} else {
			text += *text == '\\' && text[1];
			token->byte = (unsigned char)*text++;
		}
	}
	return text ? count : -1;
}

/* Stars may be nothing. */
static void skip_empty(const struct token *tokens, int count, bool *states)
{
	for (int i = 0; i < count; i++) {
		enum token_kind kind = tokens[i].kind;
		states[i + 1] |= states[i] &&
				 (kind == TOKEN_STAR || kind == TOKEN_DEEP || kind == TOKEN_CHOICE);
		if (states[i] && kind == TOKEN_CHOICE) {
			states[i + 2] = true;
		}
	}
}

static void step(const struct token *tokens, int count, unsigned char byte, const bool *states,
		 bool *next)
{
	for (int i = 0; i < count; i++) {
		if (!states[i]) {
			continue;
		}
		switch (tokens[i].kind) {
		case TOKEN_BYTE:
			next[i + 1] |= tokens[i].byte == byte;
			break;
		case TOKEN_ONE:
			next[i + 1] |= byte != '/';
			break;
		case TOKEN_SET:
			next[i + 1] |= in_set(tokens[i].set, byte);
			break;
		case TOKEN_STAR:
			next[i] |= byte != '/';
			break;
		case TOKEN_DEEP:
			next[i] = true;
			break;
		case TOKEN_CHOICE:
			break;
		case TOKEN_LOOP:
			next[i] = true;
			next[i + 1] |= byte == '/';
			break;
		}
	}
}

bool glob_match(const char *pattern, const char *path, bool is_deep)
{
	size_t length = strlen(pattern);

	if (length > PATTERN_MAX) {
		return false;
	}
	struct token *tokens = memory_zeroed(length + 1, sizeof(*tokens));
	bool *states = memory_zeroed(2 * (length + 1), sizeof(*states));
	bool *next = states + length + 1;
	int count = compile(pattern, is_deep, tokens);
	bool is_match = false;

	if (count >= 0) {
		states[0] = true;
		skip_empty(tokens, count, states);
		for (; *path; path++) {
			memset(next, 0, (size_t)count + 1);
			step(tokens, count, (unsigned char)*path, states, next);
			memcpy(states, next, (size_t)count + 1);
			skip_empty(tokens, count, states);
		}
		is_match = states[count];
	}
	free(states);
	free(tokens);
	return is_match;
}

bool glob_is_pattern(const char *text)
{
	return strpbrk(text, "*?[\\") != NULL;
}

/* The line's pattern, cleaned; NULL for a comment or an empty line. */
static char *pattern_of(const char *line, bool *is_exception)
{
	const char *why;

	line += strspn(line, " \t\r");
	if (*line == '#' || !*line) {
		return NULL;
	}
	*is_exception = *line == '!';
	line += *is_exception;
	line += strspn(line, " \t\r");
	size_t length = strlen(line);
	while (length && strchr(" \t\r", line[length - 1])) {
		length--;
	}
	char *bare = text_format("%.*s", (int)length, line);
	char *pattern = plan_path(bare, &why);
	free(bare);
	return pattern;
}

/* The path or one of the directories above it. */
static bool matches_or_above(const char *pattern, const char *path)
{
	char *copy = text_copy(path);
	bool is_match = glob_match(pattern, copy, true);

	for (char *slash; !is_match && (slash = strrchr(copy, '/'));) {
		*slash = '\0';
		is_match = glob_match(pattern, copy, true);
	}
	free(copy);
	return is_match;
}

bool glob_ignores(json *lines, const char *path)
{
	bool is_ignored = false;

	for (size_t i = 0; i < json_count(lines); i++) {
		const char *line = json_string_at(lines, i);
		bool is_exception = false;
		char *pattern = line ? pattern_of(line, &is_exception) : NULL;
		if (pattern && *pattern && is_ignored == is_exception &&
		    matches_or_above(pattern, path)) {
			is_ignored = !is_exception;
		}
		free(pattern);
	}
	return is_ignored;
}

bool glob_has_exceptions(json *lines)
{
	for (size_t i = 0; i < json_count(lines); i++) {
		const char *line = json_string_at(lines, i);
		if (line && line[strspn(line, " \t\r")] == '!') {
			return true;
		}
	}
	return false;
}
