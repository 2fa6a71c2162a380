/* SPDX-License-Identifier: Apache-2.0 */
/* /_ping, /version, /info */
#pragma once

#include "route.h"

extern const struct route system_routes[4];
/* system_df.c: /system/df */
extern const struct route df_routes[1];
