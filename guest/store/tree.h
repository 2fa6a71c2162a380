/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a directory tree that others may change meanwhile: names sorted by bytes, directories
 * before what they hold, no symbolic link followed, everything by descriptor. Errors end the
 * process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include "text.h"

struct tree_level {
	int fd;
	char **names; /* those not visited are owned */
	size_t count;
	size_t next;
	size_t path_length;
};

struct tree {
	struct tree_level *levels;
	size_t depth;
	size_t room;
	struct text path; /* of the entry, relative to the root, which is "" */
	/* of the entry */
	int parent;       /* directory that holds it */
	const char *name; /* in parent */
	struct stat status;
	char *name_owned;
};

/* Starts below an open directory, which stays the caller's. */
void tree_open(struct tree *tree, int root);
/* The next entry; false at the end. A directory's contents come next, unless tree_skip(). */
bool tree_next(struct tree *tree);
/* Leaves out what is in the directory of the last tree_next(). */
void tree_skip(struct tree *tree);
void tree_close(struct tree *tree);
