/* SPDX-License-Identifier: Apache-2.0 */
#include "log_line.h"

#include <stdbool.h>
#include <string.h>

size_t log_line_character(const char *bytes, size_t length)
{
	const unsigned char *u = (const unsigned char *)bytes;
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t need;

	if (u[0] < 0x80) {
		return 1;
	}
	if (u[0] < 0xc2 || u[0] > 0xf4) {
		return 0;
	}
	need = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	/* Overlong forms, surrogates, and what is above U+10FFFF. */
	if (u[0] == 0xe0) {
		low = 0xa0;
	} else if (u[0] == 0xed) {
		high = 0x9f;
	} else if (u[0] == 0xf0) {
		low = 0x90;
	} else if (u[0] == 0xf4) {
		high = 0x8f;
	}
	if (length < need || u[1] < low || u[1] > high) {
		return 0;
	}
	for (size_t i = 2; i < need; i++) {
		if (u[i] < 0x80 || u[i] > 0xbf) {
			return 0;
		}
	}
	return need;
}

/* Whether the byte stands for itself in a JSON string; <, > and & do not, as with Docker. */
static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && byte != '<' &&
	       byte != '>' && byte != '&';
}

static void add_escaped_byte(struct text *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char code[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
	const char *names = "\"\"\\\\\nn\rr\tt";

	for (; *names; names += 2) {
		if ((unsigned char)names[0] == byte) {
			code[1] = names[1];
			text_add(out, code, 2);
			return;
		}
	}
	text_add(out, code, sizeof(code));
}

/* One character that is not plain; returns its length. */
static size_t add_escaped(struct text *out, const char *bytes, size_t length)
{
	size_t count = log_line_character(bytes, length);

	if (count == 1) {
		add_escaped_byte(out, (unsigned char)bytes[0]);
	} else if (count == 0) {
		text_add(out, "\\ufffd", 6);
		count = 1;
	} else if (count == 3 && memcmp(bytes, "\xe2\x80", 2) == 0 && (bytes[2] & 0xfe) == 0xa8) {
		/* Line and paragraph separators end lines in JavaScript. */
		text_add(out, bytes[2] & 1 ? "\\u2029" : "\\u2028", 6);
	} else {
		text_add(out, bytes, count);
	}
	return count;
}

static void add_string(struct text *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t plain = i;
		while (plain < length && is_plain((unsigned char)bytes[plain])) {
			plain++;
		}
		if (plain > i) {
			text_add(out, bytes + i, plain - i);
			i = plain;
		} else {
			i += add_escaped(out, bytes + i, length - i);
		}
	}
}

void log_line_entry(struct text *out, const char *stream, const char *time, const char *bytes,
		    size_t length)
{
	text_puts(out, "{\"log\":\"");
	add_string(out, bytes, length);
	text_puts(out, "\",\"stream\":\"");
	text_puts(out, stream);
	text_puts(out, "\",\"time\":\"");
	text_puts(out, time);
	text_puts(out, "\"}\n");
}

/* Bytes at the end that are the start of a character which goes on. */
static size_t unfinished_character(const char *bytes, size_t length)
{
	for (size_t back = 1; back <= 3 && back < length; back++) {
		unsigned char byte = (unsigned char)bytes[length - back];
		if (byte < 0x80 || byte >= 0xf5) {
			return 0;
		}
		if (byte >= 0xc0) {
			size_t need = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
			return need > back ? back : 0;
		}
	}
	return 0;
}

size_t log_line_take(struct log_line *line, const char *bytes, size_t length, const char **entry,
		     size_t *entry_length)
{
	size_t room = LOG_LINE_MAX - line->part.length;
	size_t here = length < room ? length : room;
	const char *end = memchr(bytes, '\n', here);
	size_t used = end ? (size_t)(end - bytes) + 1 : here;

	*entry_length = 0;
	if (!end && used < room) {
		text_add(&line->part, bytes, used);
		return used;
	}
	if (line->part.length) {
		text_add(&line->part, bytes, used);
		*entry = line->part.data;
		*entry_length = line->part.length;
		line->part.length = 0; /* the bytes stay until the next call */
	} else {
		*entry = bytes;
		*entry_length = used;
	}
	if (!end) {
		size_t back = unfinished_character(*entry, *entry_length);
		/* Not when the character's start came with an earlier call. */
		if (back < used) {
			used -= back;
			*entry_length -= back;
		}
	}
	return used;
}
