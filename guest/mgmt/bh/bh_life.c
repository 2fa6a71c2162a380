/* SPDX-License-Identifier: Apache-2.0 */
/* bh start, stop, pause, resume, reset, rm. */
#include "bh_image.h"
#include "bh_words.h"

#include <unistd.h>

#define PATIENCE 10.0 /* seconds */

/* What it is on its way to, it reaches first. */
static void settle(struct bh *bh, struct bh_partition *partition)
{
	double end = bh_seconds() + PATIENCE;

	while ((partition->is.state == MANAGE_STOPPING || partition->is.state == MANAGE_CLEARING) &&
	       bh_seconds() < end && bh_look(bh, partition)) {
		bh_sleep(0.001);
	}
}

/* Does an order to each partition that is named. */
static int each(struct bh *bh, int (*act)(struct bh *bh, struct bh_partition *partition))
{
	int result = BH_OK;

	for (uint32_t i = 0; i < bh->options.name_count; i++) {
		struct bh_partition partition;
		int found = bh_find(bh, bh->options.names[i], &partition);

		if (found == BH_OK) {
			settle(bh, &partition);
			found = act(bh, &partition);
		}
		result = result == BH_OK ? found : result;
	}
	return result;
}

static int order(struct bh *bh, uint32_t opcode, const char *what,
		 const struct bh_partition *partition)
{
	uint32_t status = bh_order(&bh->device, opcode, partition->id);

	if (status == MANAGE_BUSY) {
		return bh_fail(bh, BH_FAILED, "cannot %s partition %s: it is %s; see `bh ls`", what,
			       partition->is.config.name, words_state(partition->is.state));
	}
	return status == MANAGE_OK ? BH_OK
				   : bh_refused(bh, what, partition->is.config.name, status);
}

void bh_print_start(struct bh *bh, const char *name, const struct bh_start_times *times)
{
	if ((bh->options.given & OPTION_VERBOSE) == 0 || times->entered == 0) {
		return;
	}
	if (times->ordered != times->asked) {
		fprintf(bh->out, "%s: read and loaded in %.3f ms\n", name,
			bh_milliseconds(bh, times->asked, times->ordered));
	}
	fprintf(bh->out, "%s: started after %.3f ms, first instruction %.3f ms later\n", name,
		bh_milliseconds(bh, times->ordered, times->started),
		bh_milliseconds(bh, times->started, times->entered));
}

/* Its first instruction has run, or the time is up. */
static int wait_entered(struct bh *bh, const struct bh_partition *partition, uint64_t first,
			struct bh_start_times *times)
{
	times->entered = bh_wait_event(bh, first, MANAGE_EVENT_ENTERED, partition, PATIENCE);
	if (times->entered == 0) {
		return bh_fail(bh, BH_FAILED,
			       "partition %s: started, but has not run an instruction in %.0f s; "
			       "see `bh log`",
			       partition->is.config.name, PATIENCE);
	}
	times->started = bh_event_tsc(bh, first, MANAGE_EVENT_STARTED, partition->id);
	return BH_OK;
}

int bh_start_one(struct bh *bh, const struct bh_partition *partition, struct bh_start_times *times)
{
	uint64_t first = bh_event_next(bh);
	uint32_t status;
	int result = BH_OK;

	times->asked = bh_tsc();
	times->ordered = times->asked;
	times->entered = 0;
	status = bh_order(&bh->device, MANAGE_START, partition->id);
	if (status == MANAGE_BUSY && partition->is.is_created != 0 &&
	    partition->is.state == MANAGE_STOPPED) {
		/* Its memory is empty: all of it was cleared when it stopped. */
		result = bh_reload(bh, partition);
		first = bh_event_next(bh);
		times->ordered = bh_tsc();
		result = result == BH_OK ? order(bh, MANAGE_START, "start", partition) : result;
	} else if (status == MANAGE_BUSY) {
		return bh_fail(bh, BH_FAILED, "cannot start partition %s: it is %s; see `bh ls`",
			       partition->is.config.name, words_state(partition->is.state));
	} else if (status != MANAGE_OK) {
		return bh_refused(bh, "start", partition->is.config.name, status);
	}
	if (result == BH_OK && (bh->options.given & (OPTION_WAIT | OPTION_VERBOSE)) != 0) {
		result = wait_entered(bh, partition, first, times);
	}
	return result;
}

static int start_one(struct bh *bh, struct bh_partition *partition)
{
	struct bh_start_times times;
	int result = bh_start_one(bh, partition, &times);

	if (result == BH_OK) {
		bh_print_start(bh, partition->is.config.name, &times);
	}
	return result;
}

static int stop_one(struct bh *bh, struct bh_partition *partition)
{
	int result = order(bh, MANAGE_STOP, "stop", partition);

	if (result == BH_OK && !bh_wait_state(bh, partition, MANAGE_STOPPED, PATIENCE)) {
		return bh_fail(bh, BH_FAILED,
			       "partition %s: has not stopped in %.0f s; see `bh log`",
			       partition->is.config.name, PATIENCE);
	}
	return result;
}

static int pause_one(struct bh *bh, struct bh_partition *partition)
{
	return order(bh, MANAGE_PAUSE, "pause", partition);
}

static int resume_one(struct bh *bh, struct bh_partition *partition)
{
	return order(bh, MANAGE_RESUME, "resume", partition);
}

static int reset_one(struct bh *bh, struct bh_partition *partition)
{
	int result = BH_OK;

	if (partition->is.state == MANAGE_RUNNING || partition->is.state == MANAGE_PAUSED) {
		result = stop_one(bh, partition);
	}
	return result == BH_OK ? start_one(bh, partition) : result;
}

static int rm_one(struct bh *bh, struct bh_partition *partition)
{
	bool runs = partition->is.state == MANAGE_RUNNING || partition->is.state == MANAGE_PAUSED;
	const char *name = partition->is.config.name;
	char kept[512];
	int result = BH_OK;

	if (partition->is.is_created == 0) {
		return bh_fail(bh, BH_FAILED,
			       "cannot remove partition %s: it is one of bulkhead.conf; take it "
			       "out there and boot again",
			       name);
	}
	if (runs && (bh->options.given & OPTION_FORCE) == 0) {
		return bh_fail(bh, BH_FAILED,
			       "cannot remove partition %s: it is %s; stop it first, or use "
			       "`bh rm --force %s`",
			       name, words_state(partition->is.state), name);
	}
	result = runs ? stop_one(bh, partition) : BH_OK;
	result = result == BH_OK ? order(bh, MANAGE_DESTROY, "remove", partition) : result;
	if (result != BH_OK) {
		return result;
	}
	bh_kept_path(bh, name, kept);
	(void)unlink(kept);
	return bh_wait_gone(bh, partition, PATIENCE)
		       ? BH_OK
		       : bh_fail(bh, BH_FAILED,
				 "partition %s: has not gone in %.0f s; see `bh log`", name,
				 PATIENCE);
}

int bh_start(struct bh *bh)
{
	return each(bh, start_one);
}

int bh_stop(struct bh *bh)
{
	return each(bh, stop_one);
}

int bh_pause(struct bh *bh)
{
	return each(bh, pause_one);
}

int bh_resume(struct bh *bh)
{
	return each(bh, resume_one);
}

int bh_reset(struct bh *bh)
{
	return each(bh, reset_one);
}

int bh_rm(struct bh *bh)
{
	return each(bh, rm_one);
}
