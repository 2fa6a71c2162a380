/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader left for partitions: kernels, initrds and tables; kept for restarts. */
#pragma once

#include "boot_abi.h"
#include "status.h"

#include <stdint.h>

/* Maps them read-only. HV_NO_MEMORY: no pool left. */
enum hv_status modules_init(const struct boot_info *boot) MUST_CHECK;

/* NULL: [source, source + size) is not wholly inside the modules. */
const uint8_t *modules_at(uint64_t source, uint64_t size);
