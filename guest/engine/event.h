/* SPDX-License-Identifier: Apache-2.0 */
/* Events: to those who listen by /events, and the last 256 kept for `since`. */
#pragma once

#include "json.h"
#include "route.h"

extern const struct route event_routes[1];

/* `type` is container, image, volume, network; `attributes` is taken and may be NULL. `from` is the
 * image of a container, or NULL. */
void event_send(const char *type, const char *action, const char *id, const char *from,
		json *attributes);
