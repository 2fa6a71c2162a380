/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"
#include "attach.h"
#include "build.h"
#include "container_routes.h"
#include "event.h"
#include "exec.h"
#include "image_routes.h"
#include "network.h"
#include "system.h"
#include "volume.h"
#include "wait.h"

const struct route_table route_tables[] = {
	ROUTE_TABLE(system_routes),
	ROUTE_TABLE(df_routes),
	ROUTE_TABLE(event_routes),
	ROUTE_TABLE(create_routes),
	ROUTE_TABLE(list_routes),
	ROUTE_TABLE(view_routes),
	ROUTE_TABLE(action_routes),
	ROUTE_TABLE(update_routes),
	ROUTE_TABLE(attach_routes),
	ROUTE_TABLE(wait_routes),
	ROUTE_TABLE(exec_routes),
	ROUTE_TABLE(log_routes),
	ROUTE_TABLE(top_routes),
	ROUTE_TABLE(stats_routes),
	ROUTE_TABLE(copy_routes),
	ROUTE_TABLE(volume_routes),
	ROUTE_TABLE(image_show_routes),
	ROUTE_TABLE(image_change_routes),
	ROUTE_TABLE(image_registry_routes),
	ROUTE_TABLE(image_list_routes),
	ROUTE_TABLE(image_tar_routes),
	ROUTE_TABLE(build_routes),
	ROUTE_TABLE(image_commit_routes),
	ROUTE_TABLE(network_routes),
};
const size_t route_table_count = sizeof(route_tables) / sizeof(route_tables[0]);
