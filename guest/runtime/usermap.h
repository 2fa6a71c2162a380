/* SPDX-License-Identifier: Apache-2.0 */
/* User and group maps of user namespaces. user_namespaces(7). */
#pragma once

#include <sys/types.h>
#include "error.h"
#include "json.h"

/* Writes the maps of `pid`, whose namespace is new: directly, or by newuidmap(1) and newgidmap(1)
 * when the caller is not root and maps more than itself. `mapping` are arrays of
 * {"containerID","hostID","size"}. */
int usermap_write(pid_t pid, json *uids, json *gids, struct error *e);
/* A user namespace with these maps, as mount_setattr(2) wants it for MOUNT_ATTR_IDMAP. */
int usermap_namespace(json *uids, json *gids, struct error *e);
