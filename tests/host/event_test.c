/* SPDX-License-Identifier: Apache-2.0 */
/* event.c: every pair of exceptions against the manual's table, written down class by
 * class. */
/* Links: arch/x86/event.c */
#include "event.h"
#include "tap.h"

#include <string.h>

/* 'b' benign, 'c' contributory, 'p' page fault, 'd' double fault (SDM 3A, "Interrupt and Exception
 * Classes"). */
static const char classes[] = "cbbbbbbbdbccccpbbbbbbcbbbbbbbbbb";

static enum event_outcome expected(char first, char second)
{
	bool is_grave = second == 'c' || second == 'p';

	if (first == 'd') {
		return is_grave ? EVENT_TRIPLE : EVENT_NEW;
	}
	if (first == 'p') {
		return is_grave ? EVENT_DOUBLE : EVENT_NEW;
	}
	return first == 'c' && second == 'c' ? EVENT_DOUBLE : EVENT_NEW;
}

static void test_pairs(void)
{
	TAP_EQUAL(strlen(classes), 32);
	for (uint32_t first = 0; first < 32; first++) {
		for (uint32_t second = 0; second < 32; second++) {
			TAP_EQUAL(event_combine(first, second),
				  expected(classes[first], classes[second]));
		}
	}
}

static void test_known(void)
{
	TAP_EQUAL(event_combine(13, 13), EVENT_DOUBLE);
	TAP_EQUAL(event_combine(13, 14), EVENT_NEW);
	TAP_EQUAL(event_combine(14, 13), EVENT_DOUBLE);
	TAP_EQUAL(event_combine(14, 14), EVENT_DOUBLE);
	TAP_EQUAL(event_combine(8, 14), EVENT_TRIPLE);
	TAP_EQUAL(event_combine(1, 13), EVENT_NEW);
}

static const struct tap_case cases[] = {
	{"all pairs", test_pairs},
	{"the well-known ones", test_known},
};
TAP_MAIN(cases)
