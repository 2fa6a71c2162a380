/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows. Out of memory ends the program with a message: nothing above can go on then. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct text {
	char *data; /* ends in NUL, or NULL while empty */
	size_t length;
	size_t room;
};

void text_add(struct text *text, const char *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Frees the bytes; the text is empty again. */
void text_free(struct text *text);

/* printf into fresh memory, which the caller frees. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_vformat(const char *format, va_list arguments);
/* An absolute path without empty, "." and ".." parts, and without a slash at its end; "/" for the
 * root. Fresh memory. */
char *text_clean_path(const char *path);
/* strdup, calloc and realloc that do not fail. */
char *text_copy(const char *string);
void *memory_zeroed(size_t count, size_t size);
void *memory_resize(void *old, size_t count, size_t size);
