/* SPDX-License-Identifier: Apache-2.0 */
/* A build from its request to its first step, and its end. */
#pragma once

#include "build.h"

/* With all it made: folder, container. */
void build_free(struct build *build);
