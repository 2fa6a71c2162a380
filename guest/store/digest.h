/* SPDX-License-Identifier: Apache-2.0 */
/* Digests in the OCI form `sha256:HEX` (image-spec, "Descriptor", Digests). */
#pragma once

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>

#define DIGEST_HEX  64
#define DIGEST_ROOM (7 + DIGEST_HEX + 1)

/* `sha256:` and 64 lower-case digits, ended by NUL; "" is none. */
struct digest {
	char text[DIGEST_ROOM];
};

/* True when the string is a digest of the one kind that is taken; *digest may be NULL. */
bool digest_parse(const char *string, struct digest *digest);
bool digest_equal(const struct digest *one, const struct digest *other);
/* The 64 digits. Borrowed. */
const char *digest_hex(const struct digest *digest);
/* The first 12, as progress lines have them; valid until the fourth call after it. */
const char *digest_short(const struct digest *digest);
/* Of what was hashed; the context starts anew. */
void digest_finish(struct sha256_ctx *context, struct digest *digest);
void digest_bytes(const void *bytes, size_t length, struct digest *digest);
/* Chain ID of a layer on `parent` (NULL or none: the lowest): image-spec, "Layer ChainID". */
void digest_chain(const struct digest *parent, const struct digest *diff, struct digest *chain);
