/* SPDX-License-Identifier: Apache-2.0 */
/* The printf subset. */
#include "fmt.h"

#include <stdbool.h>
#include <stdint.h>

#define DIGITS_MAX 24

struct sink {
	char *buffer;
	size_t size; /* room for characters, terminator excluded */
	size_t length;
};

struct spec {
	bool is_left;
	bool is_zero;
	int width;
	int precision; /* -1 = none */
	bool is_long;  /* l, ll or z */
};

static void put(struct sink *sink, char c)
{
	if (sink->length < sink->size) {
		sink->buffer[sink->length++] = c;
	}
}

static void put_padded(struct sink *sink, const struct spec *spec, const char *text, size_t length)
{
	size_t padding =
		spec->width > 0 && (size_t)spec->width > length ? (size_t)spec->width - length : 0;

	for (size_t i = 0; !spec->is_left && i < padding; i++) {
		put(sink, spec->is_zero ? '0' : ' ');
	}
	for (size_t i = 0; i < length; i++) {
		put(sink, text[i]);
	}
	for (size_t i = 0; spec->is_left && i < padding; i++) {
		put(sink, ' ');
	}
}

static void put_number(struct sink *sink, const struct spec *spec, uint64_t value,
		       unsigned int base, bool is_negative)
{
	char text[DIGITS_MAX];
	size_t at = DIGITS_MAX;

	do {
		text[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (is_negative) {
		text[--at] = '-';
	}
	put_padded(sink, spec, text + at, DIGITS_MAX - at);
}

static void put_string(struct sink *sink, struct spec *spec, const char *text)
{
	size_t length = 0;

	if (text == NULL) {
		text = "(null)";
	}
	while ((spec->precision < 0 || length < (size_t)spec->precision) && text[length] != '\0') {
		length++;
	}
	spec->is_zero = false;
	put_padded(sink, spec, text, length);
}

/* va_list travels by pointer inside a struct: it may be an array type. */
struct arguments {
	va_list list;
};

static const char *parse_number(const char *at, int *value, struct arguments *arguments)
{
	if (*at == '*') {
		*value = va_arg(arguments->list, int);
		return at + 1;
	}
	*value = 0;
	while (*at >= '0' && *at <= '9') {
		*value = *value * 10 + (*at++ - '0');
	}
	return at;
}

static const char *parse_spec(const char *at, struct spec *spec, struct arguments *arguments)
{
	*spec = (struct spec){.precision = -1};
	for (; *at == '-' || *at == '0'; at++) {
		spec->is_left |= *at == '-';
		spec->is_zero |= *at == '0';
	}
	spec->is_zero = spec->is_zero && !spec->is_left;
	at = parse_number(at, &spec->width, arguments);
	if (*at == '.') {
		at = parse_number(at + 1, &spec->precision, arguments);
	}
	for (; *at == 'l' || *at == 'z'; at++) {
		spec->is_long = true;
	}
	return at;
}

static void convert(struct sink *sink, char type, struct spec *spec, struct arguments *arguments)
{
	int64_t number;

	switch (type) {
	case 's':
		put_string(sink, spec, va_arg(arguments->list, const char *));
		break;
	case 'd':
		number = spec->is_long ? va_arg(arguments->list, int64_t)
				       : va_arg(arguments->list, int);
		put_number(sink, spec, number < 0 ? -(uint64_t)number : (uint64_t)number, 10,
			   number < 0);
		break;
	case 'u':
	case 'x':
		put_number(sink, spec,
			   spec->is_long ? va_arg(arguments->list, uint64_t)
					 : va_arg(arguments->list, unsigned int),
			   type == 'u' ? 10 : 16, false);
		break;
	default: /* %% and whatever is unknown: as it stands */
		put(sink, type);
		break;
	}
}

size_t fmt_format(char *buffer, size_t size, const char *format, va_list list)
{
	struct sink sink = {.buffer = buffer, .size = size > 0 ? size - 1 : 0};
	struct arguments arguments;
	struct spec spec;

	va_copy(arguments.list, list);
	while (*format != '\0') {
		if (*format != '%') {
			put(&sink, *format++);
			continue;
		}
		format = parse_spec(format + 1, &spec, &arguments);
		if (*format == '\0') {
			break;
		}
		convert(&sink, *format++, &spec, &arguments);
	}
	va_end(arguments.list);
	if (size > 0) {
		buffer[sink.length] = '\0';
	}
	return sink.length;
}

size_t fmt_print(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = fmt_format(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}
