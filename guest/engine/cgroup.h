/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel accounts for a container, from cgroup v2 or v1. Numbers that are not there are 0.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct cgroup_usage {
	int64_t cpu_total; /* ns */
	int64_t cpu_user;
	int64_t cpu_system;
	int64_t throttled_periods;
	int64_t throttled_time; /* ns */
	int64_t periods;
	int64_t memory;        /* bytes, with page cache */
	int64_t memory_limit;  /* the machine's when there is none */
	int64_t inactive_file; /* page cache that could go: the client takes it off */
	int64_t pids;
	int64_t pids_limit; /* 0: none */
	int64_t read_bytes;
	int64_t written_bytes;
};

/* Of the cgroup of a process, as far as `mark` is in its name: else it has none of its own. */
void cgroup_read_usage(pid_t pid, const char *mark, struct cgroup_usage *usage);
/* All processes below: at most `limit`; returns how many. Without a cgroup of its own, the
 * descendants of `pid`. */
size_t cgroup_pids(pid_t pid, const char *mark, pid_t *list, size_t limit);
