/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a container, made below a descriptor of its root: no path of the container is
 * resolved otherwise than inside it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "container.h"

/* Opens what only the runtime may: sources of idmapped mounts, and all sources for a new user
 * namespace. Fills c->sources. */
int mounts_open_sources(struct container *c, struct error *e);
/* Makes all mounts of config.json in order. */
int mounts_make(struct container *c, int root, struct error *e);

/* Pieces for the other files. */

/* open_tree(OPEN_TREE_CLONE) of a path of the runtime's own, or of `dir` itself when path is "". */
int mounts_clone_tree(int dir, const char *path, bool recursive);
/* Puts a detached tree onto what `target` is. */
int mounts_attach(int tree, int target);
int mounts_set(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive);
/* A new file system of the type, not yet attached; `data` is "key=value,flag" or NULL, `label` the
 * SELinux context of all its files, or "". */
int mounts_new(const char *type, const char *source, const char *data, unsigned long super,
	       uint64_t attributes, const char *label);
/* The target: O_PATH inside the root; made when it is missing, as a file when `file`. */
int mounts_target(int root, const char *path, bool file, bool no_symlinks);
