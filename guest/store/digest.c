/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "sha256:"

bool digest_parse(const char *string, struct digest *digest)
{
	if (!string || strncmp(string, PREFIX, strlen(PREFIX)) != 0 ||
	    strlen(string) != DIGEST_ROOM - 1 ||
	    strspn(string + strlen(PREFIX), "0123456789abcdef") != DIGEST_HEX) {
		return false;
	}
	if (digest) {
		memcpy(digest->text, string, DIGEST_ROOM);
	}
	return true;
}

bool digest_equal(const struct digest *one, const struct digest *other)
{
	return strcmp(one->text, other->text) == 0;
}

const char *digest_hex(const struct digest *digest)
{
	return digest->text + strlen(PREFIX);
}

const char *digest_short(const struct digest *digest)
{
	static char room[4][13];
	static unsigned int turn;
	char *text = room[turn++ % 4];

	snprintf(text, sizeof(room[0]), "%.12s", digest_hex(digest));
	return text;
}

void digest_finish(struct sha256_ctx *context, struct digest *digest)
{
	uint8_t bytes[SHA256_DIGEST_SIZE];

	sha256_digest(context, sizeof(bytes), bytes);
	strcpy(digest->text, PREFIX);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		snprintf(digest->text + strlen(PREFIX) + 2 * i, 3, "%02x", bytes[i]);
	}
}

void digest_bytes(const void *bytes, size_t length, struct digest *digest)
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, length, bytes);
	digest_finish(&context, digest);
}

void digest_chain(const struct digest *parent, const struct digest *diff, struct digest *chain)
{
	char both[2 * DIGEST_ROOM];

	if (!parent || !parent->text[0]) {
		*chain = *diff;
		return;
	}
	int length = snprintf(both, sizeof(both), "%s %s", parent->text, diff->text);
	digest_bytes(both, (size_t)length, chain);
}
