/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers where a file with several names was seen first. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct link_entry;

struct links {
	struct link_entry *entries;
	size_t count;
	size_t room;
};

/* The path under which the file was seen first; NULL when it is the first, which is remembered.
 * Borrowed until links_free(). */
const char *links_seen(struct links *links, dev_t device, ino_t inode, const char *path);
void links_free(struct links *links);
