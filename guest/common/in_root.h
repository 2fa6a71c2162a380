/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a root file system that somebody else filled: resolved by openat2(2) with
 * RESOLVE_IN_ROOT, so that neither `..` nor a symbolic link nor a magic link leaves `root`, a
 * directory's descriptor. All return -1 with errno on failure.
 */
#pragma once

#include <sys/types.h>

/* openat2 below the root; O_CLOEXEC is added. `mode` for O_CREAT, else 0. */
int in_root_open(int root, const char *path, int flags, mode_t mode);
/* mkdir -p below the root; returns an O_PATH descriptor of the last directory. */
int in_root_make_dirs(int root, const char *path, mode_t mode);
/* Opens the parent of the path's last part (made with `mode` where it is missing, not when `mode`
 * is 0), and points *name into `path` at that part. EINVAL for the root itself or a last part `..`.
 */
int in_root_parent(int root, const char *path, mode_t mode, const char **name);
/* Opens a regular file to read; anything else is EINVAL and is not opened: what opening a device
 * does is not the caller's to risk. */
int in_root_open_file(int root, const char *path);
