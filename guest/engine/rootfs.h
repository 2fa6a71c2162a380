/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's root file system: overlayfs of its image's layers and its own upper directory, at
 * ROOT/containers/ID/rootfs. It is mounted while somebody holds it: the running container, a copy.
 */
#pragma once

#include "container.h"

/* Makes the layer of mount points, once at the engine's start. */
int rootfs_prepare(void);
/* Mounts it if it is not. -1: *error (the caller frees it) says why; nothing is held then. */
int rootfs_hold(struct container *container, char **error);
/* Unmounts it with the last holder. */
void rootfs_release(struct container *container);
/* Whatever a former engine left at that place. */
void rootfs_unmount_path(const char *path);
/* Is mounted already, by a former engine: counts one holder. */
void rootfs_adopt(struct container *container);

/* Folders of the lower layers, from the top down, absolute; for bh-image. */
json *rootfs_lowers(const struct container *container);
