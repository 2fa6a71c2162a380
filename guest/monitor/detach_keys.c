/* SPDX-License-Identifier: Apache-2.0 */
#include "detach_keys.h"

#include <string.h>

#define CONTROL "ctrl-"

/* Code of one written key, -1 for none. */
static int parse_key(const char *key, size_t length)
{
	if (length == 1) {
		return (unsigned char)key[0];
	}
	if (length == 3 && memcmp(key, "DEL", 3) == 0) {
		return 127;
	}
	if (length != sizeof(CONTROL) || memcmp(key, CONTROL, sizeof(CONTROL) - 1) != 0) {
		return -1;
	}
	char letter = key[length - 1];
	if (letter >= 'a' && letter <= 'z') {
		return letter - 'a' + 1;
	}
	if (letter == '@' || (letter >= '[' && letter <= '_')) {
		return letter - '@';
	}
	return -1;
}

bool detach_keys_parse(const char *text, struct detach_keys *detach)
{
	*detach = (struct detach_keys){0};
	if (!*text) {
		return true;
	}
	for (;;) {
		size_t length = strcspn(text, ",");
		int code = parse_key(text, length);
		if (code < 0 || detach->count == DETACH_KEYS_MAX) {
			*detach = (struct detach_keys){0};
			return false;
		}
		detach->keys[detach->count++] = (unsigned char)code;
		if (!text[length]) {
			return true;
		}
		text += length + 1;
	}
}

/* How much of the sequence the end of (what was matched, then `key`) is. */
static size_t matched_after(const struct detach_keys *detach, unsigned char key)
{
	unsigned char seen[DETACH_KEYS_MAX + 1];
	size_t length = detach->matched + 1;

	memcpy(seen, detach->keys, detach->matched);
	seen[detach->matched] = key;
	for (size_t count = length < detach->count ? length : detach->count; count; count--) {
		if (memcmp(seen + length - count, detach->keys, count) == 0) {
			return count;
		}
	}
	return 0;
}

size_t detach_keys_filter(struct detach_keys *detach, const char *bytes, size_t length, char *out,
			  bool *is_detached)
{
	size_t used = 0;

	*is_detached = false;
	if (detach->count == 0) {
		memcpy(out, bytes, length);
		return length;
	}
	for (size_t i = 0; i < length; i++) {
		size_t matched = matched_after(detach, (unsigned char)bytes[i]);
		if (matched == detach->count) {
			detach->matched = 0;
			*is_detached = true;
			return used;
		}
		/* Held keys that no longer can be part of it are the container's. */
		size_t released = detach->matched + 1 - matched;
		for (size_t j = 0; j < released; j++) {
			out[used++] = j < detach->matched ? (char)detach->keys[j] : bytes[i];
		}
		detach->matched = matched;
	}
	return used;
}
