/* SPDX-License-Identifier: Apache-2.0 */
/* All tables of routes (routes.c). */
#pragma once

#include "route.h"

extern const struct route_table route_tables[];
extern const size_t route_table_count;
