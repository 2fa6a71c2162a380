/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control group that linux.cgroupsPath names (version 2): the keeper is in it, and whoever
 * looks there for a container's processes and costs (containerd's shim, a kubelet, docker stats)
 * finds its own.
 */
#pragma once

#include <json.h>
#include <stdbool.h>

/*
 * Makes it and takes this process into it. *path is its folder; NULL where none is asked for, or
 * where there are no control groups of version 2. False: *error says why not; free both.
 */
bool group_enter(json *config, char **path, char **error);
/* The same for a group that is there; NULL: none. */
void group_follow(const char *path);
/* Removes it; nothing where processes of others are in it. */
void group_remove(const char *path);
/* Its processes, as JSON's array; without a group (NULL), `pid` alone. */
json *group_processes(const char *path, int pid);
