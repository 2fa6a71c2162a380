/* SPDX-License-Identifier: Apache-2.0 */
/* /_ping, /version, /info, /system/df */
#pragma once

#include "route.h"

extern const struct route system_routes[5];
