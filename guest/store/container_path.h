/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of `docker cp` in a container's root file system. */
#pragma once

#include <sys/stat.h>

/* The directory that holds the path's last part, opened below the root, and that part without
 * slashes, which the caller frees; "." for the root, or where the path ends in a slash or a dot.
 * Ends with not-found. */
int container_parent(int root, const char *path, char **name);
/* Path of the open file inside the root, absolute; NULL when it is outside. The caller frees it. */
char *container_path_of(int root, int fd);
