/* SPDX-License-Identifier: Apache-2.0 */
/* A layer as a file of an archive: its blob when it is plain or gzip, else its tar made again. */
#pragma once

#include "layer.h"
#include "manifest.h"
#include "pack.h"

/* What will be written: digest, size, media. */
void save_layer_describe(const struct layer *layer, struct descriptor *descriptor);
/* Writes it as `path`. */
void save_layer_write(struct pack *pack, const struct layer *layer,
		      const struct descriptor *descriptor, const char *path);
