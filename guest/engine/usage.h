/* SPDX-License-Identifier: Apache-2.0 */
/* How many bytes containers and volumes take: measured by a worker, for it walks their files. */
#pragma once

#include "json.h"

struct request;

/* `sizes` are numbers, one for each directory, or NULL when the worker failed. Borrowed. */
typedef void (*usage_fn)(void *context, json *sizes);
/* Takes the array of absolute paths. */
void usage_measure(json *dirs, usage_fn done, void *context);

/* Adds the directories of what the containers changed; an entry has "Id". */
void usage_add_containers(json *dirs, json *entries);
/* SizeRw and SizeRootFs of entries, by sizes[0] and up. */
void usage_set_containers(json *entries, json *sizes);
/* Replies `reply` when `entries`, which are in it, have their sizes. Takes both. */
void usage_reply(struct request *request, json *reply, json *entries);
