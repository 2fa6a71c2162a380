/* SPDX-License-Identifier: Apache-2.0 */
/* Image configs and the IMAGE objects that the engine keeps (README.md names their members). */
#pragma once

#include <stddef.h>
#include "digest.h"
#include "json.h"
#include "layer.h"

#define MEDIA_LAYER         "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_LAYER_GZIP    MEDIA_LAYER "+gzip"
#define MEDIA_LAYER_ZSTD    MEDIA_LAYER "+zstd"
#define MEDIA_CONFIG        "application/vnd.oci.image.config.v1+json"
#define MEDIA_MANIFEST      "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_INDEX         "application/vnd.oci.image.index.v1+json"
#define MEDIA_DOCKER_LAYER  "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_V2     "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST   "application/vnd.docker.distribution.manifest.list.v2+json"

/* Number of layers, -1 with *why (a constant) when it is no image config (image-spec, config.md,
 * "rootfs"). */
int image_config_check(json *config, const char **why);
/* Layer `index` of a checked config. */
void image_config_diff(json *config, size_t index, struct digest *diff);

/* Writes the config as a blob and makes the IMAGE; `config` is borrowed. Digests that are NULL
 * become null. layer_publish() follows. */
json *image_object(json *config, const struct layer_stack *stack, const struct digest *manifest,
		   const struct digest *registry);
/* The same of a config blob that is there under `id`. */
json *image_object_of(const struct digest *id, json *config, const struct layer_stack *stack,
		      const struct digest *manifest, const struct digest *registry);
/* The layers of an IMAGE of a request; ends with bad-input when it is none. `stack` must be empty.
 */
void image_read(json *image, struct digest *id, struct layer_stack *stack);
/* A config of this machine with no layers. The caller puts it. */
json *image_config_new(void);
/* Adds the topmost layer (NULL: an empty one) and its history. The object takes `entry`. */
void image_config_add(json *config, const struct digest *diff, json *entry);
