/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

#include <stdint.h>

#define REPLACEMENT "\xef\xbf\xbd"

size_t utf8_length(const char *bytes, size_t room)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = room ? (unsigned char)*bytes : 0xff;
	size_t length = first < 0x80   ? 1
			: first < 0xc0 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
				       : 4;
	uint32_t value = first & (0x7fu >> length);

	if (length <= 1 || length > room || first > 0xf4) {
		return length == 1;
	}
	for (size_t i = 1; i < length; i++) {
		unsigned char next = (unsigned char)bytes[i];
		if ((next & 0xc0) != 0x80) {
			return 0;
		}
		value = value << 6 | (next & 0x3f);
	}
	return value < lowest[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)
		       ? 0
		       : length;
}

void utf8_add(struct text *text, const char *bytes, size_t length)
{
	const char *start = bytes;
	const char *end = bytes + length;

	while (bytes < end) {
		size_t good = utf8_length(bytes, (size_t)(end - bytes));
		if (good) {
			bytes += good;
			continue;
		}
		text_add(text, start, (size_t)(bytes - start));
		text_puts(text, REPLACEMENT);
		start = ++bytes;
	}
	text_add(text, start, (size_t)(bytes - start));
}
