/* SPDX-License-Identifier: Apache-2.0 */
/* Memory types of the hypervisor's address space. */
#pragma once

#include "msr.h"

/* Power-on layout, so that PCD and PWT alone mean what they always do, but WC in entry 4. */
#define PAGING_PAT ((PAT_POWER_ON & ~MASK64(39, 32)) | PAT_WC << 32)
