/* SPDX-License-Identifier: Apache-2.0 */
/* Restart policies. */
#include "life.h"
#include "moment.h"

#define RESTART_FIRST 100   /* ms */
#define RESTART_LAST  60000 /* ms */
#define RAN_WELL      (10 * MOMENT_SECOND)

int64_t restart_next_delay(int64_t delay, int64_t ran_nanoseconds)
{
	if (ran_nanoseconds >= RAN_WELL || delay == 0) {
		return RESTART_FIRST;
	}
	return delay * 2 > RESTART_LAST ? RESTART_LAST : delay * 2;
}

bool restart_is_wanted(enum restart_policy policy, int max, int count, int code, bool by_hand)
{
	switch (policy) {
	case RESTART_NO:
		return false;
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return !by_hand;
	case RESTART_ON_FAILURE:
		return !by_hand && code != 0 && (max <= 0 || count < max);
	}
	return false;
}
