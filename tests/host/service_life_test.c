/* SPDX-License-Identifier: Apache-2.0 */
/* The management image's services: when one is started again, and when it is given up. */
/* Links: guest/mgmt/service_life.c */
#include "service_life.h"

#include "tap.h"

#define LONG_MS SERVICE_QUICK_MS

static struct service_life life;
static uint64_t now;

/* Starts when it is due, runs for `ms`, ends; returns the delay until it is due again. */
static uint64_t live(uint64_t ms)
{
	TAP_CHECK(service_life_is_due(&life, now));
	service_life_started(&life, now);
	TAP_CHECK(!service_life_is_due(&life, now + ms));
	now += ms;
	service_life_ended(&life, now);
	return life.due_ms - now;
}

static void starts_at_once(void)
{
	service_life_init(&life, false, 500);
	TAP_EQUAL(life.state, SERVICE_WAITING);
	TAP_CHECK(!service_life_is_due(&life, 499));
	TAP_CHECK(service_life_is_due(&life, 500));
	service_life_started(&life, 500);
	TAP_EQUAL(life.state, SERVICE_RUNNING);
}

static void starts_again(void)
{
	service_life_init(&life, false, now);
	for (uint32_t i = 0; i < 3 * SERVICE_QUICK_DEATHS; i++) {
		TAP_EQUAL(live(LONG_MS), SERVICE_DELAY_MS);
		TAP_CHECK(!service_life_is_due(&life, life.due_ms - 1));
		now = life.due_ms;
	}
}

static void waits_longer_each_time(void)
{
	service_life_init(&life, false, now);
	for (uint32_t i = 0; i < SERVICE_QUICK_DEATHS - 1; i++) {
		TAP_EQUAL(live(LONG_MS - 1), (uint64_t)SERVICE_DELAY_MS << i);
		now = life.due_ms;
	}
	TAP_EQUAL(life.state, SERVICE_WAITING);
	live(0);
	TAP_EQUAL(life.state, SERVICE_GIVEN_UP);
	TAP_CHECK(!service_life_is_due(&life, UINT64_MAX));
}

/* Only ends in a row count. */
static void forgets(void)
{
	service_life_init(&life, false, now);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < SERVICE_QUICK_DEATHS - 1; i++) {
			live(1);
			now = life.due_ms;
		}
		TAP_EQUAL(live(LONG_MS), SERVICE_DELAY_MS);
		now = life.due_ms;
	}
	TAP_EQUAL(life.state, SERVICE_WAITING);
}

static void keeps_the_shell(void)
{
	uint64_t delay = 0;

	service_life_init(&life, true, now);
	for (uint32_t i = 0; i < 100; i++) {
		delay = live(0);
		now = life.due_ms;
	}
	TAP_EQUAL(life.state, SERVICE_WAITING);
	TAP_EQUAL(delay, (uint64_t)SERVICE_DELAY_MS << SERVICE_QUICK_DEATHS);
}

/* There was no process to start it in. */
static void counts_failed_starts(void)
{
	service_life_init(&life, false, now);
	for (uint32_t i = 0; i < SERVICE_QUICK_DEATHS; i++) {
		TAP_EQUAL(life.state, SERVICE_WAITING);
		service_life_ended(&life, now + SERVICE_QUICK_MS + i);
	}
	TAP_EQUAL(life.state, SERVICE_GIVEN_UP);
}

static const struct tap_case cases[] = {
	{"starts at once", starts_at_once},
	{"starts again after an end", starts_again},
	{"waits longer after each quick end, then gives up", waits_longer_each_time},
	{"forgets quick ends after a long run", forgets},
	{"never gives up the shell", keeps_the_shell},
	{"counts starts that failed", counts_failed_starts},
};

TAP_MAIN(cases)
