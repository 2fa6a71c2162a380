/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of arch/x86 needs of the hypervisor's address space. */
#pragma once

#include "msr.h"

/* Power-on layout, so that PCD and PWT alone mean what they always do, but WC in entry 4. */
#define PAGING_PAT ((PAT_POWER_ON & ~MASK64(39, 32)) | PAT_WC << 32)

/* The hypervisor's own, without VMXE. */
uint64_t paging_cr4(void);
