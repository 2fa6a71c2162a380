/* SPDX-License-Identifier: Apache-2.0 */
/* The loader puts all files into one block: one mapping serves them all. */
#include "modules.h"

#include "arch/mmu.h"
#include "bits.h"
#include "check.h"

static const struct boot_module *list;
static uint32_t count;
static const uint8_t *mapped;
static uint64_t mapped_base;

enum hv_status modules_init(const struct boot_info *boot)
{
	uint64_t end = 0;

	list = arch_pa_to_va(hpa_from_u64(boot->modules));
	count = boot->module_count;
	if (count == 0) {
		return HV_OK;
	}
	mapped_base = UINT64_MAX;
	for (uint32_t i = 0; i < count; i++) {
		mapped_base = min_u64(mapped_base, align_down(list[i].base, FRAME_SIZE));
		end = max_u64(end, align_up(list[i].base + list[i].size, FRAME_SIZE));
	}
	mapped = arch_map_readonly(hpa_from_u64(mapped_base), end - mapped_base);
	return mapped != NULL ? HV_OK : HV_NO_MEMORY;
}

const uint8_t *modules_get(uint32_t index, size_t *size)
{
	*size = 0;
	if (index == CONFIG_FILE_NONE) {
		return NULL;
	}
	CHECK(index < count);
	*size = list[index].size;
	return mapped + (list[index].base - mapped_base);
}
