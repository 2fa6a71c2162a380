/* SPDX-License-Identifier: Apache-2.0 */
/* The namespaces of a container. runtime-spec, config-linux.md "Namespaces". */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "error.h"
#include "json.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

struct namespaces {
	int made;   /* CLONE_NEW* that are new */
	int joined; /* CLONE_NEW* that are joined by path */
	struct {
		int flag;
		int fd;
	} join[8];
	size_t join_count;
};

/* Reads linux.namespaces and opens those with a path. */
int namespaces_read(json *linux_config, struct namespaces *ns, struct error *e);
void namespaces_close(struct namespaces *ns);
/* That of a kind, of those that are joined; -1: none. Borrowed. */
int namespaces_joined_fd(const struct namespaces *ns, int flag);
/* Enters those of `flags` that are joined, user first. */
int namespaces_join(const struct namespaces *ns, int flags, struct error *e);
/* A process between is needed: some of them count for children alone, or must be entered with the
 * runtime's rights before the user namespace is made. */
bool namespaces_need_stage(const struct namespaces *ns);
/* Writes linux.timeOffsets for the caller's children; the time namespace was unshared by it. */
int namespaces_time_offsets(json *linux_config, struct error *e);
/* "pid" for CLONE_NEWPID and so on; NULL for another flag. */
const char *namespaces_name(int flag);
/* The way back; 0 for another word. */
int namespaces_flag(const char *name);

/* clone3(2) that forks; cgroup_fd -1: none. Returns like fork(). */
pid_t namespaces_clone(int flags, int cgroup_fd);
