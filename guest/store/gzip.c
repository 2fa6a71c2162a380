/* SPDX-License-Identifier: Apache-2.0 */
#include "gzip.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "pack.h"
#include "report.h"
#include "store.h"
#include "stream.h"

#define LEVEL       4 /* near the default's size in half of its time */
#define WINDOW_GZIP (15 + 16)
#define MEMORY      8
#define BLOCK       65536

struct gzip {
	z_stream stream;
	struct sha256_ctx diff;
	struct blob blob;
};

static void deflate_more(struct gzip *gzip, int flush)
{
	uint8_t block[BLOCK];
	int result;

	do {
		gzip->stream.next_out = block;
		gzip->stream.avail_out = sizeof(block);
		result = deflate(&gzip->stream, flush);
		blob_add(&gzip->blob, block, sizeof(block) - gzip->stream.avail_out);
	} while (result == Z_OK && gzip->stream.avail_out == 0);
}

static void add(void *opaque, const void *bytes, size_t length)
{
	struct gzip *gzip = opaque;

	sha256_update(&gzip->diff, length, bytes);
	gzip->stream.next_in = (Bytef *)(uintptr_t)bytes;
	gzip->stream.avail_in = (uInt)length;
	deflate_more(gzip, Z_NO_FLUSH);
}

int gzip_layer(struct layer *layer)
{
	struct gzip gzip = {.stream = {.zalloc = Z_NULL}};
	struct digest diff;

	sha256_init(&gzip.diff);
	blob_begin(&gzip.blob);
	if (deflateInit2(&gzip.stream, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		fail(FAIL_IO, "out of memory");
	}
	layer_tar(layer, add, &gzip);
	deflate_more(&gzip, Z_FINISH);
	deflateEnd(&gzip.stream);
	digest_finish(&gzip.diff, &diff);
	layer_check(layer, &diff);

	layer->gzip_size = gzip.blob.bytes;
	digest_finish(&gzip.blob.hash, &layer->gzip);
	(void)unlinkat(store_work(), gzip.blob.name, 0);
	free(gzip.blob.name);
	return gzip.blob.fd;
}
