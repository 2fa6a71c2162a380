/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_error.h"

#include <stdbool.h>
#include <string.h>
#include "log_line.h"
#include "text.h"

/* Clean text: one character after the other, control characters and spoilt ones replaced. */
static void add_clean(struct text *out, const char *bytes, size_t length)
{
	while (length && out->length < RUNTIME_ERROR_MAX) {
		size_t count = log_line_character(bytes, length);
		bool is_text = count > 1 ||
			       (count == 1 && (unsigned char)bytes[0] >= 0x20 && bytes[0] != 0x7f);
		size_t step = count ? count : 1;
		if (is_text) {
			text_add(out, bytes, step);
		} else {
			text_puts(out, bytes[0] == '\t' ? " " : "?");
		}
		bytes += step;
		length -= step;
	}
}

/* The quoted value after msg=, with its escapes taken away. */
static void add_message(struct text *out, const char *line, size_t length)
{
	static const char key[] = "msg=\"";
	const char *start = memmem(line, length, key, sizeof(key) - 1);
	struct text plain = {0};

	if (!start) {
		return;
	}
	const char *end = line + length;
	for (start += sizeof(key) - 1; start < end && *start != '"'; start++) {
		if (*start == '\\' && start + 1 < end) {
			start++;
		}
		text_add(&plain, start, 1);
	}
	add_clean(out, plain.data ? plain.data : "", plain.length);
	text_free(&plain);
}

char *runtime_error_text(const char *bytes, size_t length)
{
	static const char log_start[] = "time=\"";
	struct text words = {0};
	struct text logged = {0};
	const char *end = bytes + length;

	while (bytes < end && words.length < RUNTIME_ERROR_MAX) {
		const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t line = (size_t)((stop ? stop : end) - bytes);
		if (line && bytes[line - 1] == '\r') {
			line--;
		}
		if (line >= sizeof(log_start) - 1 &&
		    memcmp(bytes, log_start, sizeof(log_start) - 1) == 0) {
			logged.length = 0; /* the last one counts */
			add_message(&logged, bytes, line);
		} else if (line) {
			text_puts(&words, words.length ? "\n" : "");
			add_clean(&words, bytes, line);
		}
		bytes = stop ? stop + 1 : end;
	}
	char *result = text_copy(words.length ? words.data : logged.length ? logged.data : "");
	text_free(&words);
	text_free(&logged);
	return result;
}
