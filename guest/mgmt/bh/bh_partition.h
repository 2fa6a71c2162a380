/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions: asked one by one, found by name, waited for. */
#pragma once

#include "bh.h"

#include <time.h>
#include <x86intrin.h>

#define BH_PROGRESS_AFTER 1.0 /* seconds: what takes longer is shown */

struct bh_partition {
	uint32_t id;
	struct manage_partition is;
};

/* Each prints its own error, and returns enum bh_result. */
int bh_get_info(struct bh *bh, struct manage_info *info);
int bh_find(struct bh *bh, const char *name, struct bh_partition *found);
/* At most CONFIG_PARTITION_MAX; by id. */
int bh_list(struct bh *bh, struct bh_partition list[CONFIG_PARTITION_MAX], uint32_t *count);
/* The partition again; false: it is gone. */
bool bh_look(struct bh *bh, struct bh_partition *partition);

/* Of a start, by the TSC. */
struct bh_start_times {
	uint64_t asked;
	uint64_t ordered; /* later, if its memory had to be loaded first */
	uint64_t started;
	uint64_t entered; /* its first instruction; 0: not waited for */
};

/* Until the partition is in this state, or gone; false: it is not after `seconds`. */
bool bh_wait_state(struct bh *bh, struct bh_partition *partition, uint32_t state, double seconds);
bool bh_wait_gone(struct bh *bh, struct bh_partition *partition, double seconds);

/* `cannot WHAT partition NAME: ...` with the status in words. */
int bh_refused(struct bh *bh, const char *what, const char *name, uint32_t status);

/* Starts it, loading it first if its memory is empty; waits as the options say. */
int bh_start_one(struct bh *bh, const struct bh_partition *partition, struct bh_start_times *times);
/* With -v. */
void bh_print_start(struct bh *bh, const char *name, const struct bh_start_times *times);

double bh_seconds(void); /* of a clock that only goes on */
void bh_sleep(double seconds);

/* The TSC, the same on all CPUs and in the hypervisor. */
static inline uint64_t bh_tsc(void)
{
	return __rdtsc();
}
double bh_milliseconds(struct bh *bh, uint64_t from, uint64_t to);

/* The TSC of the newest event of this kind and partition whose sequence is at least `first`, 0:
 * none. */
uint64_t bh_event_tsc(struct bh *bh, uint64_t first, uint32_t kind, uint32_t id);
/* The same, waited for; 0: it did not come in `seconds`. */
uint64_t bh_wait_event(struct bh *bh, uint64_t first, uint32_t kind,
		       const struct bh_partition *partition, double seconds);
/* Sequence number of the next event; events not seen by an earlier start are not there. */
uint64_t bh_event_next(struct bh *bh);
/* False: overwritten, or not there yet. */
bool bh_event_get(struct bh *bh, uint64_t sequence, struct manage_event *event);
