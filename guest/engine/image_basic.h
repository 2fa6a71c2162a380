/* SPDX-License-Identifier: Apache-2.0 */
/* /images: what containers need of it. */
#pragma once

#include "route.h"

extern const struct route image_basic_routes[3];
