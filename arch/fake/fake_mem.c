/* SPDX-License-Identifier: Apache-2.0 */
/* arch/mmu.h over one block of the host's memory. */
#include "fake.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

struct fake_memory fake_memory;

void fake_memory_reset(void)
{
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

void arch_mmu_init(const struct boot_info *boot)
{
	CHECK(boot->region_base == FAKE_MEMORY_BASE);
	CHECK(boot->region_size == fake_memory.region_size);
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

void *arch_window_map(uint32_t slot, hpa_t address)
{
	CHECK(slot < SPACE_WINDOW_SLOTS);
	CHECK(fake_memory.window[slot].value == 0); /* unmapped since its last use */
	fake_memory.window[slot] = hpa_from_u64(align_down(address.value, FRAME_SIZE));
	fake_memory.window_map_count++;
	return fake_memory_at(address);
}

void arch_window_unmap(uint32_t slot)
{
	CHECK(slot < SPACE_WINDOW_SLOTS);
	CHECK(fake_memory.window[slot].value != 0);
	fake_memory.window[slot] = hpa_from_u64(0);
}
