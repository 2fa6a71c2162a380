/* SPDX-License-Identifier: Apache-2.0 */
/* The loader puts everything into one block: one mapping serves all. */
#include "modules.h"

#include "arch/mmu.h"

#include <stddef.h>

static const uint8_t *mapped;
static uint64_t mapped_base;
static uint64_t mapped_size;

enum hv_status modules_init(const struct boot_info *boot)
{
	mapped_base = boot->modules_base;
	mapped_size = boot->modules_size;
	if (mapped_size == 0) {
		return HV_OK;
	}
	mapped = arch_map_readonly(hpa_from_u64(mapped_base), mapped_size);
	return mapped != NULL ? HV_OK : HV_NO_MEMORY;
}

const uint8_t *modules_at(uint64_t source, uint64_t size)
{
	uint64_t offset = source - mapped_base;

	return offset <= mapped_size && size <= mapped_size - offset ? mapped + offset : NULL;
}
