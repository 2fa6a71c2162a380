/* SPDX-License-Identifier: Apache-2.0 */
/* More processes in a running container. They are known until the container is removed. */
#pragma once

#include "container.h"
#include "route.h"

extern const struct route exec_routes[4];

/* The container's process has ended: so have these. */
void exec_container_ended(struct container *container);

void exec_forget_all(struct container *container);
/* IDs for inspect, or NULL. */
json *exec_ids(const struct container *container);
/* exec_create, exec_start with the command; exec_die with the exit code. Also of probes (health.h).
 */
void exec_event_of(struct container *container, const char *action, const char *id, json *command,
		   int code);
