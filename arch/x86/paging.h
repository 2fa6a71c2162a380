/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of arch/x86 needs of the hypervisor's address space. */
#pragma once

#include "addr.h"
#include "msr.h"

/* Power-on layout, so that PCD and PWT alone mean what they always do, but WC in entry 4. */
#define PAGING_PAT ((PAT_POWER_ON & ~MASK64(39, 32)) | PAT_WC << 32)

/* Of another CPU while it starts; fits in 32 bits. */
hpa_t paging_start_root(void);
