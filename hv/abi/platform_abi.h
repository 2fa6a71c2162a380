/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition finds its RAM: known to whoever prepares its memory, and to the hypervisor. */
#pragma once

#include <stdint.h>

/* RAM starts at 0; what exceeds 3 GiB continues at 4 GiB. Between them lie the APICs. */
#define PLATFORM_RAM_LOW_LIMIT UINT64_C(0xc0000000)
#define PLATFORM_RAM_HIGH_BASE UINT64_C(0x100000000)
