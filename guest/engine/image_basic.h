/* SPDX-License-Identifier: Apache-2.0 */
/* /images: what containers need of it. */
#pragma once

#include "json.h"
#include "route.h"

extern const struct route image_basic_routes[3];
/* As GET /images/json gives it. */
json *image_list(void);
