/* SPDX-License-Identifier: Apache-2.0 */
/* Contents and metadata of what unpack.c makes. */
#pragma once

#include <time.h>
#include "unpack.h"

/* A regular file; holes stay holes, and blocks of zeros become some. */
void unpack_file(struct unpack *unpack, struct archive *tar, struct archive_entry *entry,
		 int parent, const char *name, const char *path);
/* Owner, mode, extended attributes of an open file or directory. */
void unpack_set_meta(const struct unpack *unpack, struct archive_entry *entry, int fd,
		     const char *path);
/* Owner, mode, time of a link or node that was just made. */
void unpack_set_other(const struct unpack *unpack, struct archive_entry *entry, int parent,
		      const char *name);
struct timespec unpack_time(struct archive_entry *entry);
