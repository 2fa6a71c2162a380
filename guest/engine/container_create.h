/* SPDX-License-Identifier: Apache-2.0 */
/* Making a container, for a client or for the builder. */
#pragma once

#include "container.h"

/* NULL, or why no container can have that name, without its slash (the caller frees it), with an
 * HTTP *status. */
char *container_name_check(const char *name, unsigned *status);
/*
 * `body` is the API's "create", checked (spec_check.h); `image` an ID, or "" for a container
 * without layers; `name` NULL or "" for a random one. NULL: *error (the caller frees it) and an
 * HTTP *status.
 */
struct container *container_create(json *body, const char *image, const char *name, char **error,
				   unsigned *status);
