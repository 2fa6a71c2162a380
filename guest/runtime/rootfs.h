/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system: from the host's tree to the container's view of its own. */
#pragma once

#include "container.h"

/* In the new mount namespace: cuts propagation, makes the root a mount, makes mounts and devices.
 * Returns an O_PATH descriptor of the root. */
int rootfs_prepare(struct container *c, struct error *e);
/* Masks and write-protects what config.json names, and the root itself when it is read-only. */
int rootfs_protect(struct container *c, int root, struct error *e);
/* Makes it the root of this process and gets rid of the host's tree. */
int rootfs_enter(struct container *c, int root, struct error *e);
/* Without a mount namespace of its own: opens the root directory, nothing else. */
int rootfs_open(struct container *c, struct error *e);
/* chroot(2) to it. */
int rootfs_chroot(int root, struct error *e);
