/* SPDX-License-Identifier: Apache-2.0 */
#include "save_layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "image.h"
#include "report.h"
#include "store.h"

/* Where the bytes of a tar go: counted and hashed, or into the archive. */
struct output {
	struct pack *into; /* NULL: only counted */
	struct sha256_ctx hash;
	uint64_t bytes;
};

static void add(void *opaque, const void *bytes, size_t length)
{
	struct output *output = opaque;

	sha256_update(&output->hash, length, bytes);
	output->bytes += length;
	if (output->into) {
		pack_more(output->into, bytes, length);
	}
}

static bool is_kept_as_it_is(const struct layer *layer)
{
	return layer->blob.text[0] && strstr(layer->media, "zstd") == NULL;
}

static void produce(const struct layer *layer, struct output *output)
{
	struct digest diff;

	sha256_init(&output->hash);
	layer_tar(layer, add, output);
	digest_finish(&output->hash, &diff);
	layer_check(layer, &diff);
}

void save_layer_describe(const struct layer *layer, struct descriptor *descriptor)
{
	struct output output = {.into = NULL};

	*descriptor = (struct descriptor){.digest = layer->blob, .size = layer->packed};
	snprintf(descriptor->media, sizeof(descriptor->media), "%s", layer->media);
	if (!is_kept_as_it_is(layer)) {
		produce(layer, &output);
		descriptor->digest = layer->diff;
		descriptor->size = output.bytes;
		strcpy(descriptor->media, MEDIA_LAYER);
	}
}

void save_layer_write(struct pack *pack, const struct layer *layer,
		      const struct descriptor *descriptor, const char *path)
{
	struct output output = {.into = pack};

	if (is_kept_as_it_is(layer)) {
		int fd = blob_need(&layer->blob, NULL);

		pack_fd(pack, path, fd, descriptor->size);
		close(fd);
		return;
	}
	pack_start(pack, path, descriptor->size);
	produce(layer, &output);
}
