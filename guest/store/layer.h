/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers of an image: packed blobs unpacked below ROOT/layers. A layer made here is visible after
 * layer_publish(), all of a command's at once; layer_find() and what is above it see it before.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "digest.h"
#include "json.h"
#include "stream.h"

struct layer {
	struct digest diff;   /* of the tar, not packed */
	struct digest chain;  /* the name in ROOT/layers */
	struct digest parent; /* chain of the layer below, "" for the lowest */
	struct digest blob;   /* of what a registry or archive gave, in blobs; "" is none */
	char media[80];       /* of the blob, OCI's name */
	uint64_t size;        /* bytes of files */
	uint64_t packed;      /* bytes of the blob */
	char source[512];     /* DOMAIN/PATH of a repository that has the blob, or "" */
	struct digest gzip;   /* of what push packs when there is no packed blob; "" is not known */
	uint64_t gzip_size;
};

/* An image's layers from the lowest up. */
struct layer_stack {
	struct layer *layers;
	size_t count;
};

struct layer_source {
	int fd; /* of the tar, packed or not; borrowed */
	enum stream_filters filters;
	const char *status;        /* `Extracting` */
	const char *label;         /* for progress lines, or NULL */
	uint64_t packed;           /* bytes that come, 0: not known */
	const struct digest *blob; /* checked when not NULL */
	const struct digest *diff; /* checked when not NULL */
};

/* A layer that is there. */
bool layer_find(const struct digest *chain, struct layer *layer);
/* O_PATH descriptor of its diff directory. */
int layer_open(const struct digest *chain);
/* The bytes of its tar, of its blob or packed again (layer_tar.c). */
void layer_tar(const struct layer *layer,
	       void (*write)(void *opaque, const void *bytes, size_t length), void *opaque);
/* Ends with conflict when that tar's digest is another than the layer's. */
void layer_check(const struct layer *layer, const struct digest *diff);
/* Unpacks, checks, puts it on top of the stack. *blob, if not NULL, gets the digest of the bytes
 * that came. The new layer has no blob: see layer_set_blob(). */
void layer_unpack(struct layer_stack *stack, const struct layer_source *source,
		  struct digest *blob);
/* Names the blob of the topmost layer. */
void layer_set_blob(struct layer_stack *stack, const struct digest *blob, uint64_t packed,
		    const char *media);
/* Writes the record of a layer again, after a change of its blob, source or gzip. */
void layer_update(const struct layer *layer);
/* Puts a layer that is there on top; false when it is not there. */
bool layer_push(struct layer_stack *stack, const struct digest *diff);
/* Makes all new layers visible, after they and all new blobs are safe on the disk: the last step
 * before a result. */
void layer_publish(void);
void layer_stack_free(struct layer_stack *stack);

json *layer_json(const struct layer *layer);
/* From an IMAGE's or a record's member; false when something is missing or no digest. */
bool layer_from_json(json *object, struct layer *layer);
