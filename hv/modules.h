/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels and initrds as the loader left them in memory; kept for restarts. */
#pragma once

#include "boot_abi.h"
#include "status.h"

#include <stddef.h>

/* Maps them read-only. HV_NO_MEMORY: no pool left. */
enum hv_status modules_init(const struct boot_info *boot) MUST_CHECK;

/* NULL with *size 0 for CONFIG_FILE_NONE. */
const uint8_t *modules_get(uint32_t index, size_t *size);
