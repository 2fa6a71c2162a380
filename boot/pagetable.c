/* SPDX-License-Identifier: Apache-2.0 */
/* 4-level page tables. */
#include "pagetable.h"

#include "addr.h"
#include "check.h"
#include "str.h"

#include <stddef.h>

#define LEVEL_BITS 9u
#define LEVELS     4u

static uint32_t index_of(uint64_t address, uint32_t level)
{
	return (uint32_t)(address >> (PAGE_SHIFT + LEVEL_BITS * (level - 1))) &
	       (PAGETABLE_ENTRIES - 1);
}

uint64_t pagetable_make_leaf(uint64_t address, uint32_t level, uint64_t flags,
			     enum pagetable_cache cache)
{
	uint64_t entry = address | flags | PAGETABLE_P | PAGETABLE_A;

	CHECK((flags & PAGETABLE_W) == 0 || (flags & PAGETABLE_NX) != 0);
	/* Accessed and dirty in advance: the CPU need not write the tables. */
	if ((flags & PAGETABLE_W) != 0) {
		entry |= PAGETABLE_D;
	}
	if (level > 1) {
		entry |= PAGETABLE_PS;
	}
	switch (cache) {
	case PAGETABLE_WB:
		break;
	case PAGETABLE_UC:
		entry |= PAGETABLE_PCD | PAGETABLE_PWT;
		break;
	case PAGETABLE_WC:
		entry |= level > 1 ? PAGETABLE_PAT_LARGE : PAGETABLE_PAT_4K;
		break;
	}
	return entry;
}

uint64_t *pagetable_new(struct pagetable_pool *pool)
{
	uint64_t *table = (uint64_t *)pool->next;

	if (pool->next >= pool->end) {
		return NULL;
	}
	pool->next += PAGE_SIZE;
	memset(table, 0, PAGE_SIZE);
	return table;
}

uint64_t *pagetable_entry(struct pagetable_pool *pool, uint64_t *root, uint64_t address,
			  uint32_t level)
{
	uint64_t *entries = root;

	for (uint32_t i = LEVELS; i > level; i--) {
		uint64_t *entry = &entries[index_of(address, i)];

		if ((*entry & PAGETABLE_P) == 0) {
			const uint64_t *table = pagetable_new(pool);

			if (table == NULL) {
				return NULL;
			}
			*entry = (uint64_t)table | PAGETABLE_P | PAGETABLE_W | PAGETABLE_A;
		}
		CHECK(i > 3 || (*entry & PAGETABLE_PS) == 0);
		entries = (uint64_t *)(*entry & PAGETABLE_ADDRESS);
	}
	return &entries[index_of(address, level)];
}

enum hv_status pagetable_map(struct pagetable_pool *pool, uint64_t *root,
			     const struct mapping *mapping)
{
	uint64_t done = 0;

	CHECK(is_aligned(mapping->virtual | mapping->physical | mapping->size, PAGE_SIZE));
	while (done < mapping->size) {
		uint64_t address = mapping->virtual + done;
		uint64_t target = mapping->physical + done;
		bool is_large = is_aligned(address | target, FRAME_SIZE) &&
				mapping->size - done >= FRAME_SIZE;
		uint32_t level = is_large ? 2 : 1;
		uint64_t *entry = pagetable_entry(pool, root, address, level);

		if (entry == NULL) {
			return HV_NO_MEMORY;
		}
		CHECK(*entry == 0);
		*entry = pagetable_make_leaf(target, level, mapping->flags, mapping->cache);
		done += is_large ? FRAME_SIZE : PAGE_SIZE;
	}
	return HV_OK;
}
