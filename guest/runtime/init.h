/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process, from its birth to the user's program. */
#pragma once

#include "container.h"

/* Runs in the new process; does not return. */
_Noreturn void init_main(struct container *c);
