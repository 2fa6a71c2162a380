/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *memory)
{
	if (!memory) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *memory_zeroed(size_t count, size_t size)
{
	return or_die(calloc(count ? count : 1, size ? size : 1));
}

void *memory_resize(void *old, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size) {
		or_die(NULL);
	}
	return or_die(realloc(old, count && size ? count * size : 1));
}

char *text_copy(const char *string)
{
	return or_die(strdup(string));
}

void text_add(struct text *text, const char *bytes, size_t length)
{
	if (length >= SIZE_MAX / 2 - text->length) {
		or_die(NULL);
	}
	if (text->length + length + 1 > text->room) {
		text->room = (text->length + length + 1) * 2;
		text->data = memory_resize(text->data, text->room, 1);
	}
	if (length) {
		memcpy(text->data + text->length, bytes, length);
	}
	text->length += length;
	text->data[text->length] = '\0';
}

void text_puts(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

char *text_vformat(const char *format, va_list arguments)
{
	char *result;

	if (vasprintf(&result, format, arguments) < 0) {
		or_die(NULL);
	}
	return result;
}

char *text_format(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *result = text_vformat(format, arguments);
	va_end(arguments);
	return result;
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *more = text_vformat(format, arguments);
	va_end(arguments);
	text_puts(text, more);
	free(more);
}

char *text_clean_path(const char *path)
{
	struct text clean = {0};

	text_puts(&clean, "");
	while (*path) {
		size_t length = strcspn(path, "/");
		if (length == 2 && !strncmp(path, "..", 2)) {
			while (clean.length && clean.data[--clean.length] != '/') {
			}
		} else if (length && !(length == 1 && *path == '.')) {
			text_add(&clean, "/", 1);
			text_add(&clean, path, length);
		}
		path += length + (path[length] == '/');
	}
	if (!clean.length) {
		text_add(&clean, "/", 1);
	}
	clean.data[clean.length] = '\0';
	return clean.data;
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}
