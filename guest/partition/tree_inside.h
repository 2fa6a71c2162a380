/* SPDX-License-Identifier: Apache-2.0 */
/* What the walk (tree.c) notes for the archive (tree_stream.c). */
#pragma once

#include "cpio.h"
#include "tree.h"

struct tree_entry {
	char *name;   /* in the archive */
	char *target; /* of a symbolic link */
	int base;     /* the directory that `path` is below of */
	const char *path;
	struct cpio_entry head;
};

/* The archive's last. */
static const struct cpio_entry tree_trailer = {.name = CPIO_TRAILER, .links = 1};

/* Notes "WHAT: the error's words"; false. */
bool tree_fail(struct tree *tree, const char *what, int number);
