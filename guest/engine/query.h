/* SPDX-License-Identifier: Apache-2.0 */
/* What the queries of several routes have in common: filters, moments, prunes. */
#pragma once

#include "json.h"

#include <stdbool.h>
#include <stdint.h>

struct request;

/* The request's filters, each of `known` (ends in NULL; NULL: any). NULL: the reply 400 was sent.
 * The caller puts it. */
json *query_filter(struct request *request, const char *const *known);
/* The same for a prune: what is not known is refused, for it was to spare something. *until is the
 * moment before which things were made that go. */
json *prune_filter(struct request *request, const char *const *known, int64_t *until);
/* A moment of the query (moment.h); absent: *moment is left. False: the reply 400 was sent. */
bool query_moment(struct request *request, const char *key, int64_t *moment);
/* Has all of label, and none of label!. */
bool prune_matches(json *filter, json *labels);
/* Answers with {key: removed, "SpaceReclaimed": bytes}; takes the list. */
void prune_reply(struct request *request, const char *key, json *removed, int64_t bytes);
