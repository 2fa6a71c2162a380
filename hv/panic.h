/* SPDX-License-Identifier: Apache-2.0 */
/* panic() itself is an upcall: see arch/upcalls.h. */
#pragma once

#include <stdbool.h>

/* is_test: end the emulator after a panic instead of halting for a person to read. */
void panic_init(bool is_test);
