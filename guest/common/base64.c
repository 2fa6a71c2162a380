/* SPDX-License-Identifier: Apache-2.0 */
#include "base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64_encode(const char *string, bool is_for_url)
{
	const char *digits = is_for_url ? url_alphabet : alphabet;
	const unsigned char *next = (const unsigned char *)string;
	size_t length = strlen(string);

	struct text out = {0};

	text_puts(&out, "");
	for (size_t i = 0; i < length; i += 3) {
		uint32_t group = (uint32_t)next[i] << 16;
		group |= i + 1 < length ? (uint32_t)next[i + 1] << 8 : 0;
		group |= i + 2 < length ? next[i + 2] : 0;
		char four[4] = {digits[group >> 18], digits[group >> 12 & 63],
				i + 1 < length ? digits[group >> 6 & 63] : '=',
				i + 2 < length ? digits[group & 63] : '='};
		text_add(&out, four, sizeof(four));
	}
	return out.data;
}

static int value_of(char letter)
{
	letter = letter == '-' ? '+' : letter == '_' ? '/' : letter;
	const char *at = letter ? strchr(alphabet, letter) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

void base64_decode(struct text *text, const char *letters)
{
	uint32_t bits = 0;
	int count = 0;

	text_puts(text, "");
	for (; value_of(*letters) >= 0; letters++) {
		bits = (bits << 6 | (uint32_t)value_of(*letters)) & 0xfffff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			char byte = (char)(bits >> count & 255);
			text_add(text, &byte, 1);
		}
	}
}
