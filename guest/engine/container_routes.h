/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of /containers. */
#pragma once

#include "container.h"
#include "json.h"
#include "route.h"

extern const struct route create_routes[1]; /* container_create.c */
extern const struct route action_routes[9]; /* container_actions.c */
extern const struct route list_routes[1];   /* container_list.c */
extern const struct route view_routes[1];   /* container_view.c */
extern const struct route update_routes[1]; /* container_update.c */
extern const struct route log_routes[1];    /* container_logs.c */
extern const struct route top_routes[1];    /* container_top.c */
extern const struct route stats_routes[1];  /* container_stats.c */
extern const struct route copy_routes[5];   /* container_copy.c */

/* Of all, as /containers/json has them (container_list.c); the caller puts it. */
json *container_summaries(void);
