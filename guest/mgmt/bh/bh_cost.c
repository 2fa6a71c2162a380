/* SPDX-License-Identifier: Apache-2.0 */
/* What exits cost: the trace, summed up. While nobody measures, counting exits is all that is done.
 */
#include "bh_trace.h"
#include "bh_signal.h"

#include "bits.h"

#include <signal.h>
#include <string.h>

#define POLL  0.002 /* seconds: a ring of 2047 records takes 1,000,000 exits a second */
#define BATCH 2048u

struct reader {
	struct bh *bh;
	struct trace_cost *costs;
	uint64_t positions[TRACE_CPUS];
	uint32_t cpu_count;
};

static void add(struct trace_cost *cost, const struct manage_trace *record)
{
	uint64_t ticks = record->end - record->start;

	cost->count[record->reason]++;
	cost->ticks[record->reason] += ticks;
	cost->count[EXIT_COUNT_TOTAL]++;
	cost->ticks[EXIT_COUNT_TOTAL] += ticks;
}

static uint32_t take(struct reader *reader, uint32_t cpu)
{
	static struct manage_trace records[BATCH];
	struct bh_call call = {.opcode = MANAGE_TRACE_READ,
			       .id = cpu,
			       .argument = reader->positions[cpu],
			       .receive = records,
			       .receive_size = sizeof(records)};
	uint32_t status = bh_call(&reader->bh->device, &call);
	uint32_t count = call.used / (uint32_t)sizeof(records[0]);

	for (uint32_t i = 0; status == MANAGE_OK && i < count; i++) {
		if (records[i].start != 0 && records[i].reason < EXIT_COUNT_REASONS &&
		    records[i].id < CONFIG_PARTITION_MAX) {
			add(&reader->costs[records[i].id], &records[i]);
		}
	}
	if (status == MANAGE_OK && count > 0) {
		reader->costs[records[count - 1].id % CONFIG_PARTITION_MAX].lost +=
			call.result - call.argument - count;
		reader->positions[cpu] = call.result;
	}
	return status;
}

int trace_measure(struct bh *bh, double seconds, struct trace_cost costs[CONFIG_PARTITION_MAX])
{
	struct reader reader = {.bh = bh, .costs = costs};
	struct manage_info info;
	uint32_t status = MANAGE_OK;
	double end;
	int lock;
	int result = bh_get_info(bh, &info);

	memset(costs, 0, sizeof(costs[0]) * CONFIG_PARTITION_MAX);
	trace_catch_signals();
	result = result == BH_OK ? trace_begin(bh, &lock) : result;
	if (result != BH_OK) {
		return result;
	}
	reader.cpu_count = info.cpu_count < TRACE_CPUS ? info.cpu_count : TRACE_CPUS;
	end = bh_seconds() + seconds;
	do {
		double left = end - bh_seconds();

		bh_sleep(left > POLL ? POLL : left > 0 ? left : 0);
		for (uint32_t cpu = 0; cpu < reader.cpu_count && status == MANAGE_OK; cpu++) {
			status = take(&reader, cpu);
		}
	} while (status == MANAGE_OK && signal_ended == 0 && bh_seconds() < end);
	trace_end(bh, lock);
	if (signal_ended != 0) {
		(void)signal(signal_ended, SIG_DFL);
		(void)raise(signal_ended);
	}
	return status == MANAGE_OK ? BH_OK : bh_refused(bh, "measure", "what exits cost", status);
}
