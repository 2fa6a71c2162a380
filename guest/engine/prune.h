/* SPDX-License-Identifier: Apache-2.0 */
/* What the prunes of containers, images, volumes and networks have in common. */
#pragma once

#include "json.h"

#include <stdbool.h>
#include <stdint.h>

struct request;

/* The request's filters: label, label!, until, and those of `more` (ends in NULL). What is not
 * known is refused, for it was to spare something. NULL: the reply was sent. *until is the moment
 * before which things were made that go. The caller puts it. */
json *prune_filter(struct request *request, const char *const *more, int64_t *until);
/* Has all of label, and none of label!. */
bool prune_matches(json *filter, json *labels);
