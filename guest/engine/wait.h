/* SPDX-License-Identifier: Apache-2.0 */
/* POST /containers/ID/wait */
#pragma once

#include "route.h"

extern const struct route wait_routes[1];
