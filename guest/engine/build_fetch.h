/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of URLs. */
#pragma once

#include "build.h"

/* `remotes`, which it takes: {"from": a folder to remove, "files": [..]} as bh-image's copy wants
 * it. NULL: `error`, borrowed. */
typedef void (*build_fetch_fn)(void *context, json *remotes, const char *error);

/* Is this word of the instruction a URL that is to be fetched? */
bool build_is_remote(const struct build *build, size_t word);
/* Why the instruction's sources and --checksum do not fit; fresh memory, NULL: they do. */
char *build_check_remotes(const struct build *build);
/* Fetches all of them; ends when the client goes. */
void build_fetch(struct build *build, build_fetch_fn done, void *context);
