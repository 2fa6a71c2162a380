/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From `linux.resources` of runtime-spec ("Control groups" of its Linux configuration, in the units
 * of cgroup v1) to writes into files of cgroup v2 (Linux, "Control Group v2"). Pure: reads and
 * writes no file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

struct cgroup_write {
	char *file;    /* owned */
	char *value;   /* owned */
	bool may_miss; /* without the file the value is in force anyway */
	/* Tried where `file` is missing, before that is an error; NULL: none. Owned. */
	char *other_file;
	char *other_value;
};

struct cgroup_plan {
	struct cgroup_write *writes;
	size_t count;
	size_t room;
	/* memory.current must not be above it; 0: not asked for. In bytes. */
	uint64_t must_fit;
};

/* What is in force, for an update that names a part of what one file holds. */
struct cgroup_now {
	int64_t memory;  /* memory.max in bytes; -1: no limit, 0: not known */
	int64_t quota;   /* microseconds; -1: no limit, 0: not known */
	uint64_t period; /* microseconds; 0: not known */
	uint64_t burst;  /* microseconds */
};

/* Adds all of `resources` but devices, in the order in which they are to be written. -1 with *e for
 * values that mean nothing, and for what cgroup v2 has no counterpart of. The caller frees the plan
 * in either case. */
int cgroup_plan_make(struct cgroup_plan *plan, json *resources, const struct cgroup_now *now,
		     struct error *e);
void cgroup_plan_free(struct cgroup_plan *plan);
/* From the files' contents: "max" or "1048576", "max 100000" or "50000 100000", "0". */
void cgroup_now_read(struct cgroup_now *now, const char *memory_max, const char *cpu_max,
		     const char *cpu_max_burst);

/* cpu.shares (2 to 262144) as cpu.weight (1 to 10000): the curve that leaves v1's default at v2's,
 * 1024 at 100, as runc and crun have it. 0 stays 0. */
uint64_t cgroup_weight_of_shares(uint64_t shares);
/* blkio.weight (10 to 1000) as io.weight (1 to 10000). 0 stays 0. */
uint64_t cgroup_weight_of_blkio(uint64_t weight);
/* memory+swap and memory of v1 as memory.swap.max: >= 0, -1: no limit, -2: nothing to write. */
int cgroup_swap_of_total(int64_t total, int64_t memory, int64_t *swap, struct error *e);
