/* SPDX-License-Identifier: Apache-2.0 */
/* arch/mmu.h over one block of the host's memory. */
#include "fake.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

struct fake_memory fake_memory;

void fake_memory_reset(void)
{
	for (uint32_t i = 0; i < FAKE_DEVICE_MAX; i++) {
		free(fake_memory.device[i]);
	}
	free(fake_memory.bytes);
	memset(&fake_memory, 0, sizeof(fake_memory));
}

void fake_memory_init(uint64_t size, uint64_t region_size)
{
	fake_memory_reset();
	CHECK(is_aligned(size, FRAME_SIZE) && is_aligned(region_size, FRAME_SIZE));
	CHECK(region_size <= size);
	fake_memory.bytes = aligned_alloc(FRAME_SIZE, size);
	CHECK(fake_memory.bytes != NULL);
	memset(fake_memory.bytes, 0xa5, size);
	fake_memory.size = size;
	fake_memory.region_size = region_size;
}

void *fake_memory_at(hpa_t address)
{
	CHECK(address.value >= FAKE_MEMORY_BASE);
	CHECK(address.value - FAKE_MEMORY_BASE < fake_memory.size);
	return fake_memory.bytes + (address.value - FAKE_MEMORY_BASE);
}

enum hv_status arch_mmu_init(hpa_t region, uint64_t region_size)
{
	CHECK(region.value == FAKE_MEMORY_BASE && region_size == fake_memory.region_size);
	return HV_OK;
}

void arch_mmu_load(void)
{
	fake_memory.load_count++;
}

uint64_t arch_mmu_root(void)
{
	return FAKE_MEMORY_BASE;
}

hpa_t arch_va_to_pa(const void *address)
{
	const uint8_t *byte = address;

	CHECK(byte >= fake_memory.bytes && byte < fake_memory.bytes + fake_memory.region_size);
	return hpa_from_u64(FAKE_MEMORY_BASE + (uint64_t)(byte - fake_memory.bytes));
}

void *arch_pa_to_va(hpa_t address)
{
	CHECK(address.value - FAKE_MEMORY_BASE < fake_memory.region_size);
	return fake_memory_at(address);
}

void *arch_map_device(hpa_t base, uint64_t size, bool is_write_combining)
{
	(void)is_write_combining;
	if (fake_memory.is_device_map_failing) {
		return NULL;
	}
	for (uint32_t i = 0; i < FAKE_DEVICE_MAX; i++) {
		if (fake_memory.device[i] == NULL) {
			fake_memory.device_base[i] = base;
			fake_memory.device[i] = calloc(1, size);
			return fake_memory.device[i];
		}
	}
	return NULL;
}

void *arch_window_map(uint32_t slot, hpa_t address)
{
	CHECK(slot < WINDOW_SLOTS);
	CHECK(fake_memory.window[slot].value == 0); /* unmapped since its last use */
	fake_memory.window[slot] = hpa_from_u64(align_down(address.value, FRAME_SIZE));
	fake_memory.window_map_count++;
	return fake_memory_at(address);
}

void arch_window_unmap(uint32_t slot)
{
	CHECK(slot < WINDOW_SLOTS);
	CHECK(fake_memory.window[slot].value != 0);
	fake_memory.window[slot] = hpa_from_u64(0);
}
