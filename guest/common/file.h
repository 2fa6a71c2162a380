/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files. Functions that return int give 0 or more, or -1 with errno set. `dir` is a directory's
 * descriptor or AT_FDCWD. Paths here are the program's own; paths that a container could have made
 * go through in_root.h.
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>
#include "text.h"

/* Adds all of the file; EFBIG when it is longer than `limit` bytes. */
int file_read_at(int dir, const char *path, struct text *text, size_t limit);
/* The same of an open descriptor, from where it stands to its end. */
int file_read_fd(int fd, struct text *text, size_t limit);

/* Writes all, over short writes and signals. */
int file_write_all(int fd, const void *bytes, size_t length);
/* One write(2) to a file that exists, as /proc and /sys want it. */
int file_put_at(int dir, const char *path, const char *value);

/*
 * The file has the old content or the new, also after a loss of power (`durable`) or a kill at any
 * moment. Leftovers of a kill are PATH.new, which the next call overwrites.
 */
int file_replace_at(int dir, const char *path, const void *bytes, size_t length, mode_t mode,
		    int durable);

/* close(2), which leaves errno as it is; -1 is none. */
static inline void file_close(int fd)
{
	int error = errno;

	if (fd >= 0) {
		close(fd);
	}
	errno = error;
}

/* mkdir -p; what is there already is left as it is. */
int file_make_dirs(const char *path, mode_t mode);
/* rm -rf, no symbolic link followed, no mount crossed (EBUSY); nothing there is no error. */
int file_remove_tree_at(int dir, const char *path);
