/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of cgroup.h. */
#pragma once

#include "cgroup.h"

#define CGROUP_FILE_LIMIT 65536
#define CGROUP_DEPTH      32 /* of what is looked at below a cgroup */

struct cgroup {
	int fd;         /* -1: none */
	char *path;     /* whole */
	size_t top;     /* how much of it is the hierarchy's root */
	bool is_new;    /* made by this program: nothing is set in it */
	bool is_opened; /* for a new container, not by its path */
	bool is_rootless;
	char *why_none; /* owned; words */
};

/* Turns on what controllers it can from the root of the hierarchy down to `cg`, all that are there.
 */
void cgroup_delegate(struct cgroup *cg);
/* Calls `visit` for the cgroup open as `dir` and those below, these first; ends at the first that
 * is not 0. */
int cgroup_walk(int dir, int (*visit)(int dir, void *context), void *context);
/* The cgroup open as `dir` has one itself. */
bool cgroup_has_process(int dir);
