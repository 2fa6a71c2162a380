/* SPDX-License-Identifier: Apache-2.0 */
/* What probes' results make of a container's health, by the rules of Docker's HEALTHCHECK. Pure. */
#pragma once

#include "json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_LOG    5    /* results that are kept */
#define HEALTH_OUTPUT 4096 /* bytes of one */

enum health_status { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

/* Of Config.Healthcheck; times in nanoseconds, all but the start period > 0. */
struct health_config {
	int64_t interval;
	int64_t timeout;
	int64_t start_period;
	int64_t start_interval;
	int retries;
};

struct health_result {
	int64_t start;
	int64_t end;
	int code;     /* 0: healthy; -1: it did not run, or took too long */
	char *output; /* may be NULL; any bytes */
	size_t length;
};

struct health_state {
	enum health_status status;
	int streak; /* failures without a success between */
	struct health_result log[HEALTH_LOG];
	size_t count;
};

/* NULL: all well (also for NULL); else what is wrong, which the caller frees. */
char *health_check_config(json *healthcheck);
/* What to run, a new array; NULL: nothing. `shell` is Config.Shell, or NULL. */
json *health_command(json *healthcheck, json *shell);
void health_parse_config(json *healthcheck, struct health_config *config);

/* Takes result->output. `started` is the container's. True: the status has changed. */
bool health_record(struct health_state *state, const struct health_config *config, int64_t started,
		   struct health_result *result);
/* Nanoseconds from the end of one probe to the next. */
int64_t health_pause_after(const struct health_state *state, const struct health_config *config,
			   int64_t started, int64_t now);
/* starting, healthy, unhealthy */
const char *health_word(enum health_status status);
/* State.Health of inspect. */
json *health_state_view(const struct health_state *state);
void health_state_free(struct health_state *state);
