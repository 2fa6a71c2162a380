/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"
#include "system.h"

const struct route_table route_tables[] = {
	ROUTE_TABLE(system_routes),
};
const size_t route_table_count = sizeof(route_tables) / sizeof(route_tables[0]);
