/* SPDX-License-Identifier: Apache-2.0 */
#include "layer.h"

#include <stdlib.h>
#include <unistd.h>
#include "pack.h"
#include "report.h"
#include "store.h"
#include "stream.h"
#include "text.h"

void layer_tar(const struct layer *layer,
	       void (*write)(void *opaque, const void *bytes, size_t length), void *opaque)
{
	int blob = layer->blob.text[0] ? blob_open(&layer->blob, NULL) : -1;

	if (blob < 0) {
		struct pack pack = {.mode = TAR_LAYER, .write = write, .opaque = opaque};
		int root = layer_open(&layer->chain);
		pack_whole(&pack, root);
		close(root);
		return;
	}
	struct stream *stream = memory_zeroed(1, sizeof(*stream));
	const void *bytes;
	size_t length;
	stream_open(stream, blob, STREAM_LAYER);
	while ((length = stream_read(stream, &bytes)) > 0) {
		write(opaque, bytes, length);
	}
	stream_finish(stream, NULL, NULL);
	free(stream);
	close(blob);
}

void layer_check(const struct layer *layer, const struct digest *diff)
{
	if (!digest_equal(diff, &layer->diff)) {
		fail(FAIL_CONFLICT,
		     "the layer %s is not what it was when it was made; bh-image verify tells more",
		     layer->chain.text);
	}
}
