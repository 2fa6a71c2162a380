/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of what the firmware's tables go through: memory map and MADT. */
/* Links: boot/memmap.c boot/madt.c */
#include "fuzz.h"

#include "madt.h"
#include "memmap.h"

static void check_map(const struct memmap *map)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		FUZZ_CHECK(map->entries[i].base >= end && map->entries[i].size > 0);
		end = map->entries[i].base + map->entries[i].size;
	}
	FUZZ_CHECK(memmap_top(map) <= end);
	FUZZ_CHECK(memmap_free_frames(map) <= end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_memory entries[40];
	struct memmap map = {.entries = entries, .capacity = 40};
	struct boot_cpu cpus[4];
	uint32_t count;
	enum hv_status status;

	/* A full or malformed map stays sound up to where it was taken. */
	status = memmap_from_efi(&map, data, size, 40 + size % 2 * 8);
	FUZZ_CHECK(status == HV_OK || status == HV_INVALID || status == HV_NO_MEMORY);
	check_map(&map);
	count = madt_cpus(data, size, cpus, 4);
	count = madt_sort(cpus, count < 4 ? count : 4, 4, 0);
	FUZZ_CHECK(count >= 1 && count <= 4 && cpus[0].is_boot_cpu == 1);
	for (uint32_t i = 1; i < count; i++) {
		FUZZ_CHECK(cpus[i].is_boot_cpu == 0);
	}
	return 0;
}
