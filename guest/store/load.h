/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of `load`: the archive's files lie in a staging directory, `staged`. */
#pragma once

#include "json.h"
#include "layer.h"
#include "text.h"

/* A small document of the archive; ends with bad-input when it is missing. */
void load_document(int staged, const char *path, struct text *text);
json *load_json(int staged, const char *path);
/* Puts a layer on the stack, unpacking the file when it is new. `blob` is checked if not NULL. */
void load_layer(struct layer_stack *stack, int staged, const char *path, const struct digest *diff,
		const struct digest *blob);
/* Checks a config and makes it a blob; the number of its layers must be `count`. */
json *load_config(int staged, const char *path, size_t count, struct digest *id);

/* Append {"image":IMAGE,"tags":[..]} to `images`. */
void load_docker(int staged, json *images); /* load_docker.c: manifest.json of `docker save` */
void load_oci(int staged, json *images);    /* load_oci.c: an OCI image layout */
