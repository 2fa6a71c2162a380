/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HEALTHCHECK: a probe runs in the container as an exec, again and again, one at a time. What is
 * known of a container's health is in memory only and begins anew with the engine.
 */
#pragma once

#include "container.h"

/* The container's process runs (or was found running). `spec` is the container's. */
void health_begin(struct container *container, json *spec);
/* Paused: a probe at work is killed and does not count. Unpaused: it goes on. */
void health_pause(struct container *container, bool is_paused);
/* The process has ended; what is known is kept for inspect. */
void health_end(struct container *container);
void health_free(struct container *container);

/* State.Health of inspect, or NULL without a health check. */
json *health_view(const struct container *container);
/* none, starting, healthy, unhealthy: values of the filter `health`. */
const char *health_status(const struct container *container);
/* What ps shows behind "Up ...": " (healthy)", "". */
const char *health_suffix(const struct container *container);
