/* SPDX-License-Identifier: Apache-2.0 */
/* When a service is started, started again, and given up. Pure: no clock, no process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SERVICE_QUICK_MS     3000 /* an end sooner than this after the start is a quick one */
#define SERVICE_QUICK_DEATHS 5    /* so many in a row, and it is given up */
#define SERVICE_DELAY_MS     250  /* before the first new start; doubled with each quick end */

/*
 *   WAITING --service_life_started()--> RUNNING --service_life_ended()--> WAITING | GIVEN_UP
 */
enum service_state {
	SERVICE_WAITING,
	SERVICE_RUNNING,
	SERVICE_GIVEN_UP,
};

struct service_life {
	enum service_state state;
	bool is_kept; /* never given up: the console's shell */
	uint32_t quick_deaths;
	uint64_t started_ms;
	uint64_t due_ms; /* in WAITING: when it is started */
};

/* A new service, to be started at `now_ms`. */
void service_life_init(struct service_life *life, bool is_kept, uint64_t now_ms);
bool service_life_is_due(const struct service_life *life, uint64_t now_ms);
void service_life_started(struct service_life *life, uint64_t now_ms);
/* Also for one that could not be started at all. */
void service_life_ended(struct service_life *life, uint64_t now_ms);
