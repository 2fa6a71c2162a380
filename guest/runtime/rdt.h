/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt: groups of the resctrl file system, for shares of cache and memory bandwidth.
 * runtime-spec 1.3, config-linux.md "IntelRdt"; Documentation/arch/x86/resctrl.rst. `root` is a
 * descriptor of the file system's root, `rdt` the configuration, `id` the container's.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include "error.h"
#include "json.h"

int rdt_check(json *linux_config, struct error *e);
/* Where resctrl is mounted; -1 with an error where it is not. The caller closes it. */
int rdt_open_root(struct error *e);
/* The directory that making this container's groups will make and its end must remove, below the
 * root; NULL: none. The caller frees it. */
char *rdt_own_group(int root, json *rdt, const char *id);
/* Makes what is missing and writes the schemata; what is there already must have them. */
int rdt_make(int root, json *rdt, const char *id, struct error *e);
/* Puts a process into the container's groups. */
int rdt_join(int root, json *rdt, const char *id, pid_t pid, struct error *e);
/* Removes what rdt_own_group() named. */
int rdt_remove(int root, const char *group, struct error *e);
/* The last two, where the caller has no use for the root. A container without intelRdt: nothing is
 * done. Where resctrl is mounted no more, there is nothing to remove. */
int rdt_enter(json *linux_config, const char *id, pid_t pid, struct error *e);
int rdt_leave(const char *group, struct error *e);

/* rdt_schema.c: `line` ("L3:0=7f0;1=1f") says of each of its domains what the line of that resource
 * in `file`, a group's "schemata", says. Bandwidths are compared as the kernel rounds them: up to a
 * multiple of `step` (info/MB/bandwidth_gran), 0: not at all. */
bool rdt_schema_matches(const char *line, const char *file, unsigned long step);
