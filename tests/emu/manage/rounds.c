/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions made, run and unmade, over and over; and this system killed in the middle of it. */
#include "hostile.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What one life says: created, started, stopped, destroyed; one event each, and the first entry. */
#define LINES_EACH  4u
#define EVENTS_EACH 5u

static bool round_trip(void)
{
	struct manage_create wanted = tiny("round");
	struct manage_partition partition;
	uint32_t id;

	if (create(&wanted, &id) != MANAGE_OK || !wait_for(id, MANAGE_STOPPED) ||
	    load(id, code_power_off, sizeof(code_power_off)) != MANAGE_OK ||
	    order(MANAGE_START, id) != MANAGE_OK || !wait_for(id, MANAGE_STOPPED)) {
		return false;
	}
	look(id, &partition);
	return partition.start_count == 1 && partition.cause == MANAGE_CAUSE_POWER_OFF &&
	       order(MANAGE_DESTROY, id) == MANAGE_OK && wait_gone(id);
}

void rounds(uint32_t count)
{
	struct state before;
	struct state after;
	uint64_t events = 0;
	uint32_t lines = 0;
	uint32_t done = 0;
	uint64_t position;
	uint64_t start;

	report(round_trip(), "round", "refused"); /* what stays with an id is there from now on */
	state_take(&before);
	position = before.log;
	start = now_ms();
	while (done < count && round_trip()) {
		lines += log_lines_since(&position);
		done++;
	}
	printf("\nrounds: %u, %u us each\n", done,
	       (uint32_t)((now_ms() - start) * 1000 / (done + 1)));
	state_take(&after);
	lines += log_lines_since(&position);
	events = after.event_next - before.event_next;
	report(done == count, "rounds", "%u of %u", done, count);
	report(memcmp(&before.info, &after.info, sizeof(after.info)) == 0 &&
		       memcmp(before.list, after.list, sizeof(after.list)) == 0,
	       "rounds-leave-nothing", "%s", state_change(&before));
	report(lines == count * LINES_EACH, "rounds-log", "%u lines", lines);
	report(events == (uint64_t)count * EVENTS_EACH, "rounds-events", "%llu",
	       (unsigned long long)events);
}

static void crash(void)
{
	int file = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	ssize_t written = write(file, "c", 1);

	(void)written;
}

int die(const char *moment)
{
	struct manage_create wanted = tiny(moment);
	struct manage_partition partition;
	uint32_t id;

	wanted.config.memory = 128 * MIB;
	if (create(&wanted, &id) != MANAGE_OK) {
		return 1;
	}
	look(id, &partition);
	if (strcmp(moment, "clearing") == 0) {
		if (partition.state == MANAGE_CLEARING) {
			crash();
		}
		return 1; /* too late */
	}
	if (!wait_for(id, MANAGE_STOPPED)) {
		return 1;
	}
	if (strcmp(moment, "loading") == 0) {
		(void)load(id, code_loop, sizeof(code_loop));
	}
	crash();
	return 1;
}
