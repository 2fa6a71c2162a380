/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions: asked one by one, found by name, waited for. */
#include "bh_partition.h"

#include "bh_words.h"

#include <string.h>

#define POLL 0.001 /* seconds */
#define SPINS                                                                                      \
	5000u /* looks at the events before it sleeps: what is awaited is often that short         \
	       */

int bh_refused(struct bh *bh, const char *what, const char *name, uint32_t status)
{
	return bh_fail(bh, status == MANAGE_NO_PARTITION ? BH_NO_PARTITION : BH_FAILED,
		       "cannot %s partition %s: %s", what, name, words_status(status));
}

int bh_get_info(struct bh *bh, struct manage_info *info)
{
	struct bh_call call = {
		.opcode = MANAGE_INFO, .receive = info, .receive_size = sizeof(*info)};
	uint32_t status = bh_call(&bh->device, &call);

	return status == MANAGE_OK ? BH_OK
				   : bh_fail(bh, BH_FAILED, "cannot ask the hypervisor: %s",
					     words_status(status));
}

bool bh_look(struct bh *bh, struct bh_partition *partition)
{
	struct bh_call call = {.opcode = MANAGE_PARTITION,
			       .id = partition->id,
			       .receive = &partition->is,
			       .receive_size = sizeof(partition->is)};

	if (bh_call(&bh->device, &call) != MANAGE_OK) {
		return false;
	}
	partition->is.config.name[CONFIG_NAME_MAX] = '\0';
	return true;
}

int bh_list(struct bh *bh, struct bh_partition list[CONFIG_PARTITION_MAX], uint32_t *count)
{
	struct manage_info info;
	int result = bh_get_info(bh, &info);

	*count = 0;
	for (uint32_t id = 0;
	     result == BH_OK && id < info.partition_max && *count < CONFIG_PARTITION_MAX; id++) {
		list[*count].id = id;
		*count += bh_look(bh, &list[*count]) ? 1 : 0;
	}
	return result;
}

int bh_find(struct bh *bh, const char *name, struct bh_partition *found)
{
	struct bh_partition list[CONFIG_PARTITION_MAX];
	uint32_t count;
	int result = bh_list(bh, list, &count);

	for (uint32_t i = 0; result == BH_OK && i < count; i++) {
		if (strcmp(list[i].is.config.name, name) == 0) {
			*found = list[i];
			return BH_OK;
		}
	}
	return result != BH_OK ? result
			       : bh_fail(bh, BH_NO_PARTITION,
					 "partition %.40s: there is none; `bh ls` shows those that "
					 "there are",
					 name);
}

double bh_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void bh_sleep(double seconds)
{
	struct timespec time = {.tv_sec = (time_t)seconds};

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

/* What takes long is shown, once a second, on a line that goes away. */
static void show_wait(struct bh *bh, const char *name, double since, uint32_t *shown)
{
	uint32_t seconds = (uint32_t)(bh_seconds() - since);

	if (bh->shows_progress && seconds >= BH_PROGRESS_AFTER && seconds != *shown) {
		fprintf(bh->errors, "\r%s: waiting, %u s", name, seconds);
		fflush(bh->errors);
		*shown = seconds;
	}
}

static void hide_wait(struct bh *bh, uint32_t shown)
{
	fputs(shown > 0 ? "\r\033[K" : "", bh->errors);
}

bool bh_wait_state(struct bh *bh, struct bh_partition *partition, uint32_t state, double seconds)
{
	double since = bh_seconds();
	uint32_t shown = 0; /* seconds */

	while (bh_look(bh, partition) && partition->is.state != state &&
	       bh_seconds() - since < seconds) {
		show_wait(bh, partition->is.config.name, since, &shown);
		bh_sleep(POLL);
	}
	hide_wait(bh, shown);
	return partition->is.state == state;
}

bool bh_wait_gone(struct bh *bh, struct bh_partition *partition, double seconds)
{
	double since = bh_seconds();
	uint32_t shown = 0; /* seconds */
	bool is_there;

	while ((is_there = bh_look(bh, partition)) && bh_seconds() - since < seconds) {
		show_wait(bh, partition->is.config.name, since, &shown);
		bh_sleep(POLL);
	}
	hide_wait(bh, shown);
	return !is_there;
}

double bh_milliseconds(struct bh *bh, uint64_t from, uint64_t to)
{
	struct manage_info info;

	if (bh->tsc_hz == 0 && bh_get_info(bh, &info) == BH_OK) {
		bh->tsc_hz = info.tsc_hz;
	}
	return bh->tsc_hz != 0 && to > from ? (double)(to - from) * 1e3 / (double)bh->tsc_hz : 0;
}

uint64_t bh_event_next(struct bh *bh)
{
	uint64_t next = *(volatile uint64_t *)&bh->device.window->event_next;

	return next == 0 ? 1 : next;
}

bool bh_event_get(struct bh *bh, uint64_t sequence, struct manage_event *event)
{
	volatile struct manage_event *slot =
		&bh->device.window->events[sequence % MANAGE_EVENT_COUNT];

	if (slot->sequence != sequence) {
		return false;
	}
	*event = *slot;
	return slot->sequence == sequence && event->sequence == sequence;
}

uint64_t bh_event_tsc(struct bh *bh, uint64_t first, uint32_t kind, uint32_t id)
{
	uint64_t next = bh_event_next(bh);
	struct manage_event event;

	while (next > first) {
		next--;
		if (!bh_event_get(bh, next, &event)) {
			return 0;
		}
		if (event.kind == kind && event.id == id) {
			return event.tsc;
		}
	}
	return 0;
}

uint64_t bh_wait_event(struct bh *bh, uint64_t first, uint32_t kind,
		       const struct bh_partition *partition, double seconds)
{
	double since = 0;
	uint32_t shown = 0; /* seconds */
	uint64_t tsc;

	for (uint32_t i = 0; (tsc = bh_event_tsc(bh, first, kind, partition->id)) == 0; i++) {
		if (i < SPINS) {
			_mm_pause();
			continue;
		}
		since = since > 0 ? since : bh_seconds();
		if (bh_seconds() - since > seconds) {
			break;
		}
		show_wait(bh, partition->is.config.name, since, &shown);
		bh_sleep(POLL);
	}
	hide_wait(bh, shown);
	return tsc;
}
