/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD of a Dockerfile, as the classic builder does them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "json.h"

struct copy_source {
	int from;   /* the context, or where bh-registry has put what came from URLs */
	char *path; /* below it, clean; "" is all of it */
	bool is_dir;
	bool is_archive; /* ADD unpacks it */
};

struct copy {
	int from; /* the context, or another stage's root file system */
	int to;   /* the root file system */
	json *ignore;
	bool has_exceptions;
	bool is_add;
	struct copy_source *sources;
	size_t count;
	char *dir;  /* destination's directory, as it is inside of `to`, without a slash in front */
	char *name; /* the file's new name; NULL: each keeps its own */
	bool is_owner_set;
	uint32_t uid;
	uint32_t gid;
	uint64_t files;
	uint64_t size;
};

/* copy_source.c: what the patterns name, and the files of `remotes` ({"from", "files"}, or NULL);
 * ends with not-found when that is nothing. */
void copy_find_sources(struct copy *copy, json *patterns, json *remotes);
