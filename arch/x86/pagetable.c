/* SPDX-License-Identifier: Apache-2.0 */
/* 4-level page tables. */
#include "pagetable.h"

#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "check.h"

#define LEVEL_BITS 9u
#define LEVEL_MASK 511u
#define LEVELS     4u

static uint32_t index_of(uint64_t address, uint32_t level)
{
	return (uint32_t)(address >> (PAGE_SHIFT + LEVEL_BITS * (level - 1))) & LEVEL_MASK;
}

uint64_t pagetable_make_leaf(hpa_t address, uint32_t level, uint64_t flags,
			     enum pagetable_cache cache)
{
	uint64_t entry = address.value | flags | PTE_P | PTE_A;

	CHECK((flags & PTE_W) == 0 || (flags & PTE_NX) != 0);
	/* Accessed and dirty in advance: the CPU need not write the tables. */
	if ((flags & PTE_W) != 0) {
		entry |= PTE_D;
	}
	if (level > 1) {
		entry |= PTE_PS;
	}
	switch (cache) {
	case PAGETABLE_WB:
		break;
	case PAGETABLE_UC:
		entry |= PTE_PCD | PTE_PWT;
		break;
	case PAGETABLE_WC:
		entry |= level > 1 ? PTE_PAT_LARGE : PTE_PAT_4K;
		break;
	}
	return entry;
}

uint64_t *pagetable_entry(uint64_t *root, uint64_t address, uint32_t level)
{
	uint64_t *entries = root;

	for (uint32_t i = LEVELS; i > level; i--) {
		uint64_t *entry = &entries[index_of(address, i)];

		if ((*entry & PTE_P) == 0) {
			void *page = page_alloc(1);

			if (page == NULL) {
				return NULL;
			}
			*entry = arch_va_to_pa(page).value | PTE_P | PTE_W | PTE_A;
		}
		CHECK(i > 3 || (*entry & PTE_PS) == 0);
		entries = arch_pa_to_va(hpa_from_u64(*entry & PTE_ADDRESS));
	}
	return &entries[index_of(address, level)];
}

enum hv_status pagetable_map(uint64_t *root, const struct mapping *mapping)
{
	uint64_t done = 0;

	CHECK(is_aligned(mapping->virtual | mapping->physical.value | mapping->size, PAGE_SIZE));
	while (done < mapping->size) {
		uint64_t address = mapping->virtual + done;
		hpa_t target = hpa_add(mapping->physical, done);
		bool is_large = is_aligned(address | target.value, FRAME_SIZE) &&
				mapping->size - done >= FRAME_SIZE;
		uint32_t level = is_large ? 2 : 1;
		uint64_t *entry = pagetable_entry(root, address, level);

		if (entry == NULL) {
			return HV_NO_MEMORY;
		}
		CHECK(*entry == 0);
		*entry = pagetable_make_leaf(target, level, mapping->flags, mapping->cache);
		done += is_large ? FRAME_SIZE : PAGE_SIZE;
	}
	return HV_OK;
}
