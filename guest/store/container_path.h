/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of `docker cp` in a container's root file system. */
#pragma once

/* Path of the open file inside the root, absolute; NULL when it is outside. The caller frees it. */
char *container_path_of(int root, int fd);
