/* SPDX-License-Identifier: Apache-2.0 */
/* Whether XSAVEC keeps what XRSTOR finds. */
#pragma once

#include <stdbool.h>

/*
 * False: the CPU offers XSAVEC, which puts components elsewhere than XRSTOR looks for them.
 * Bochs 2.7 does: 160 bytes too low, so that a kernel's switch between two programs loses AVX
 * state. XCR0, CR4 and all vector registers are as before afterwards.
 */
bool xsave_is_compacted_right(void);
