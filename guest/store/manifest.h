/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and indexes, checked: image-spec manifest.md and image-index.md, Docker's schema 2 and
 * manifest list. Pure; *why is a constant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "digest.h"
#include "json.h"

#define MEDIA_ROOM 128

struct descriptor {
	struct digest digest;
	uint64_t size;
	char media[MEDIA_ROOM];
};

struct manifest {
	bool is_docker; /* schema 2 */
	struct descriptor config;
	struct descriptor *layers; /* from the lowest up */
	size_t count;
};

bool descriptor_parse(json *object, struct descriptor *descriptor, const char **why);
json *descriptor_json(const char *media, const struct digest *digest, uint64_t size);
/* `media` is what came with it, or NULL: the document says it itself. */
bool manifest_is_index(json *document, const char *media);
/* The caller frees by manifest_free(), also after false. */
bool manifest_parse(json *document, struct manifest *manifest, const char **why);
void manifest_free(struct manifest *manifest);
/* The entry for a platform such as `linux/amd64` or `linux/arm/v7`. */
bool manifest_choose(json *index, const char *platform, struct descriptor *chosen,
		     const char **why);
/* What the first bytes of a layer say it is. */
const char *manifest_layer_media(const void *bytes, size_t length);
