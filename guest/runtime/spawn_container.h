/* SPDX-License-Identifier: Apache-2.0 */
/* The birth of the container's first process. */
#pragma once

#include "container.h"

/* Starts it in its namespaces and its cgroup, with maps, limits and oom_score_adj set, and lets it
 * go on. c->pid and the state's pid are set; -1 with an error (what was started is then ended by
 * the caller through c->pid). */
int spawn_container(struct container *c, struct error *e);
