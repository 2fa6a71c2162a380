/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers on the image store. What no image of the database has is garbage, also the layer that a
 * worker has just made: so garbage is collected only while no worker runs, and workers wait while
 * it is.
 */
#pragma once

#include "worker.h"

/* bh-image with the call's arguments, its `done` within the loop. A call made
 * while garbage is collected is started later. `progress`, `done` as in worker.h. */
void image_worker(const struct worker_call *call);

/* Collects garbage as soon as no worker runs; cheap to call often. `done` may be NULL. */
void image_collect(void (*done)(void *context, int64_t bytes), void *context);
