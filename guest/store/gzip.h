/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's tar as a gzip blob in the work directory: the same bytes each time for one layer. */
#pragma once

#include "layer.h"

/* Packs a layer that has no packed blob: from its plain blob, else from its directory, whose tar
 * must have the layer's digest still. Returns an open file; sets layer->gzip and gzip_size. */
int gzip_layer(struct layer *layer);
