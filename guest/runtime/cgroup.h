/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroup in the hierarchy of cgroup v2 (Linux, "Control Group v2"): the only one, or
 * that of a host with both versions, which then lacks the controllers that v1 holds. A cgroup may
 * be none: where nothing can be written and no limit is asked for, a container runs without. Then
 * all below does nothing, with success. Functions give 0 or -1 with *e.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "json.h"

struct cgroup;

/*
 * Makes the cgroup of `linux.cgroupsPath` of the specification (below the root of the hierarchy,
 * also when it is relative), or else /bulkhead/ID; one that is there already must have no process.
 * `rootless`: without a path it lies beside or below the caller's own, where that was delegated to
 * the user. What cannot be made is no error until a limit is applied. The caller closes it.
 */
int cgroup_open(struct cgroup **cg, json *spec, const char *id, bool rootless, struct error *e);
/* That of a container that is there: `path` is what cgroup_path() gave. NULL, "" or a cgroup that
 * has gone: none. */
int cgroup_reopen(struct cgroup **cg, const char *path, struct error *e);
/* NULL is fine. Takes nothing away but memory. */
void cgroup_close(struct cgroup *cg);

/* The directory, for CLONE_INTO_CGROUP; -1: none. Owned by `cg`. */
int cgroup_fd(const struct cgroup *cg);
/* The directory's whole path, "" where there is none. Owned by `cg`. */
const char *cgroup_path(const struct cgroup *cg);

/*
 * Puts `linux.resources` into force, what it names and no more; NULL: nothing. A cgroup that
 * cgroup_open() made gets a device filter in any case. A limit that cannot be applied is an error
 * that names file, value and reason.
 */
int cgroup_apply(struct cgroup *cg, json *resources, struct error *e);

/* A cgroup that config.json mounts writable, in a cgroup namespace of its own (`made`: CLONE_NEW*
 * that are new), becomes the user's who runs the process, with the files that may be delegated. */
int cgroup_give(struct cgroup *cg, json *config, int made, struct error *e);

/* Moves a process there; where processes may only be in the cgroups below it, to the first of those
 * that has any. */
int cgroup_join(struct cgroup *cg, pid_t pid, struct error *e);
/* Freezes or thaws, and waits (10 s at most) until it is so. */
int cgroup_freeze(struct cgroup *cg, bool is_frozen, struct error *e);
int cgroup_is_frozen(struct cgroup *cg);
/* All processes of it and below, in no order, as the caller's PID namespace numbers them. The
 * caller frees *pids. */
int cgroup_pids(struct cgroup *cg, pid_t **pids, size_t *count, struct error *e);
/* SIGKILL to all, and none escapes by forking. Does not wait. */
int cgroup_kill(struct cgroup *cg, struct error *e);
/* True when it is gone: it had no process and none below. */
bool cgroup_remove_empty(struct cgroup *cg);
/* Removes it and all below; waits (10 s at most) for processes that are ending. */
int cgroup_remove(struct cgroup *cg, struct error *e);
