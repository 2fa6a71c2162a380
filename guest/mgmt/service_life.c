/* SPDX-License-Identifier: Apache-2.0 */
/* The back-off of services. */
#include "service_life.h"

void service_life_init(struct service_life *life, bool is_kept, uint64_t now_ms)
{
	*life = (struct service_life){
		.state = SERVICE_WAITING, .is_kept = is_kept, .due_ms = now_ms};
}

bool service_life_is_due(const struct service_life *life, uint64_t now_ms)
{
	return life->state == SERVICE_WAITING && now_ms >= life->due_ms;
}

void service_life_started(struct service_life *life, uint64_t now_ms)
{
	life->state = SERVICE_RUNNING;
	life->started_ms = now_ms;
}

void service_life_ended(struct service_life *life, uint64_t now_ms)
{
	uint64_t delay = SERVICE_DELAY_MS;

	if (life->state == SERVICE_RUNNING && now_ms - life->started_ms >= SERVICE_QUICK_MS) {
		life->quick_deaths = 0;
	} else if (life->quick_deaths < SERVICE_QUICK_DEATHS) {
		delay <<= life->quick_deaths++;
	} else {
		delay <<= SERVICE_QUICK_DEATHS; /* a kept one */
	}
	life->state = life->quick_deaths >= SERVICE_QUICK_DEATHS && !life->is_kept
			      ? SERVICE_GIVEN_UP
			      : SERVICE_WAITING;
	life->due_ms = now_ms + delay;
}
