/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a trace, for people and for trace viewers. */
#pragma once

#include "bh_partition.h"
#include "bh_table.h"

#define TRACE_CPUS 64u

/* Where records are shown, as lines of text or as Chrome's trace events (JSON; Perfetto reads it).
 */
struct trace_view {
	FILE *out;
	bool is_json;
	uint64_t base; /* TSC of second 0 */
	double hz;
	const char *(*name_of)(struct trace_view *view, uint32_t id); /* of a partition */
	struct json json;
	uint64_t tracks[CONFIG_PARTITION_MAX]; /* CPUs that JSON has named, of each partition */
};

void trace_view_start(struct trace_view *view);
void trace_view_record(struct trace_view *view, uint32_t cpu, const struct manage_trace *record);
void trace_view_end(struct trace_view *view, uint64_t shown, uint64_t lost);

/* TSC that a record belongs to. */
static inline uint64_t trace_time(const struct manage_trace *record)
{
	return record->start != 0 ? record->start : record->end;
}

static inline uint32_t trace_opcode(const struct manage_trace *record)
{
	return (uint32_t)(record->info >> 16 & 0xffff);
}

/* The one trace that there is, on, and off again; *lock is held meanwhile. Returns enum bh_result.
 */
int trace_begin(struct bh *bh, int *lock);
void trace_end(struct bh *bh, int lock);
/* What would end a person's command is noted only, by bh_signal.h. */
void trace_catch_signals(void);

/* What exits of a partition have cost, by their reason. */
struct trace_cost {
	uint64_t count[EXIT_COUNT_REASONS];
	uint64_t ticks[EXIT_COUNT_REASONS]; /* of the TSC, from exit to answer */
	uint64_t lost;                      /* records of its CPUs that came too fast to be read */
};

/* Of all partitions, over this many seconds, by the trace. Returns enum bh_result. */
int trace_measure(struct bh *bh, double seconds, struct trace_cost costs[CONFIG_PARTITION_MAX]);
