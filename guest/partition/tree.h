/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's files as a cpio archive: first walked, so that its size is known, then streamed.
 * Files that change meanwhile are cut or filled with zeros to the size that they had.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TREE_ENTRIES_MAX (1u << 20)

struct tree_entry;

struct tree {
	const char *prefix; /* where it lies in the archive */
	struct tree_entry *entries;
	size_t count;
	size_t room;
	uint64_t size; /* bytes of the archive, with its trailer */
	uint32_t inodes;
	struct tree_link *links; /* hash table of files with more than one name */
	size_t link_room;
	size_t link_count;
	char error[200]; /* of the last call that returned false */
};

void tree_begin(struct tree *tree, const char *prefix);
/* All below the directory `root`, which it keeps open. */
bool tree_add_root(struct tree *tree, int root);
/* A file, or a directory and all below it, at `destination` inside the root: what a bind mount
 * would show. */
bool tree_add_copy(struct tree *tree, int root, const char *source, const char *destination);
/* No more is added; `size` is right. */
void tree_finish(struct tree *tree);
/* Writes the archive. `put` returns false to end it. */
bool tree_stream(struct tree *tree, bool (*put)(void *context, const void *bytes, size_t size),
		 void *context);
void tree_drop(struct tree *tree);
