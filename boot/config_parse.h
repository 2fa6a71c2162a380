/* SPDX-License-Identifier: Apache-2.0 */
/* Parser and checks of the configuration file; pure, shared by loader and host tools. */
#pragma once

#include "config_abi.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define CONFIG_ERROR_MAX   160u
#define CONFIG_TEXT_MAX    (UINT32_C(1) << 20) /* bytes of the whole file */
#define CONFIG_PATH_MAX    255u
#define CONFIG_CMDLINE_MAX 2047u
#define CONFIG_MEMORY_MIN  (UINT64_C(4) << 20)
#define CONFIG_MEMORY_MAX  (UINT64_C(1) << 46)

struct config_error {
	uint32_t line; /* from 1 */
	char message[CONFIG_ERROR_MAX];
};

/*
 * The text needs no terminator. `out` and `error` are both written: `out` is complete only with
 * HV_OK, `error` is meaningful only without it. kernel_module and initrd_module become
 * CONFIG_FILE_NONE.
 */
MUST_CHECK enum hv_status config_parse(const char *text, size_t size, struct config *out,
				       struct config_error *error);

/*
 * Whether a machine of cpu_count CPUs with free_memory bytes (whole frames, after the hypervisor
 * and the modules took theirs) can hold all partitions.
 */
MUST_CHECK enum hv_status config_check_machine(const struct config *config, uint32_t cpu_count,
					       uint64_t free_memory, struct config_error *error);
