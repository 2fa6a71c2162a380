/* SPDX-License-Identifier: Apache-2.0 */
/* One blob to a registry: distribution-spec, "Pushing Blobs" and "Mounting a blob". */
#pragma once

#include <stdint.h>
#include "registry.h"

struct push_blob {
	const char *path; /* of the repository */
	struct digest digest;
	uint64_t size;
	const char *from;  /* path of another repository there that may have it, or NULL */
	const char *label; /* for progress lines, NULL: none */
};

/* Is it there already? */
bool push_has(struct registry *registry, const struct push_blob *blob);
/* Asks for a mount; true when that was it. Otherwise an upload is open at *location, which the
 * caller frees. */
bool push_begin(struct registry *registry, const struct push_blob *blob, char **location);
/* Sends the file, from its start, to an open upload; begins anew when it breaks off. The location
 * is freed. */
void push_send(struct registry *registry, const struct push_blob *blob, int file, char *location);
