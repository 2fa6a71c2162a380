/* SPDX-License-Identifier: Apache-2.0 */
/* boot/pagetable.c: what is mapped is exactly what was asked for, as the hypervisor names its bits.
 */
/* Links: boot/pagetable.c */
#include "addr.h"
#include "boot_abi.h"
#include "pagetable.h"
#include "paging.h"
#include "regs.h"
#include "tap.h"

#include <string.h>

#define PTE_PAT_4K    BIT(7)  /* in a 4 KiB leaf */
#define PTE_PAT_LARGE BIT(12) /* in a 2 MiB or 1 GiB leaf */

#define POOL_PAGES 64u

static _Alignas(4096) uint8_t pages[POOL_PAGES][4096];
static struct pagetable_pool pool;

static uint64_t *fresh(void)
{
	memset(pages, 0xa5, sizeof(pages));
	pool = (struct pagetable_pool){(uint64_t)pages, (uint64_t)pages + sizeof(pages)};
	return pagetable_new(&pool);
}

/* The leaf for an address: the raw entry and its level; 0: not mapped. */
static uint64_t find_leaf(const uint64_t *root, uint64_t address, uint32_t *level)
{
	const uint64_t *entries = root;

	for (uint32_t i = 4; i > 0; i--) {
		uint64_t entry = entries[address >> (12 + 9 * (i - 1)) & 511];

		if ((entry & PTE_P) == 0) {
			return 0;
		}
		if (i == 1 || (i <= 3 && (entry & PTE_PS) != 0)) {
			*level = i;
			return entry;
		}
		entries = (const uint64_t *)(entry & PTE_ADDRESS);
	}
	return 0;
}

/* Where an address leads, by page size; UINT64_MAX: nowhere. */
static uint64_t target(const uint64_t *root, uint64_t address)
{
	uint32_t level = 0;
	uint64_t entry = find_leaf(root, address, &level);

	if (entry == 0) {
		return UINT64_MAX;
	}
	if (level == 2) {
		return (entry & MASK64(51, 21)) + (address & (FRAME_SIZE - 1));
	}
	return (entry & PTE_ADDRESS) + (address & (PAGE_SIZE - 1));
}

static void map_and_compare(uint64_t first, uint64_t physical, uint64_t size)
{
	uint64_t *root = fresh();
	struct mapping mapping = {
		.virtual = first,
		.physical = physical,
		.size = size,
		.flags = PTE_NX,
	};
	uint32_t wrong = 0;

	TAP_EQUAL(pagetable_map(&pool, root, &mapping), HV_OK);
	for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
		wrong += target(root, first + at + 5) != physical + at + 5 ? 1 : 0;
	}
	TAP_EQUAL(wrong, 0);
	TAP_EQUAL(target(root, first - 1), UINT64_MAX);
	TAP_EQUAL(target(root, first + size), UINT64_MAX);
}

static void test_exact(void)
{
	map_and_compare(HV_VIRT_BASE + 0x3000, 0x1003000, 0x5000);
	map_and_compare(HV_VIRT_BASE + 0x1ff000, 0x11ff000, 2 * FRAME_SIZE + 0x2000);
	map_and_compare(HV_VIRT_BASE + FRAME_SIZE, 0x1000, 2 * FRAME_SIZE);
	map_and_compare(0x8000, 0x8000, PAGE_SIZE);
}

static void test_large(void)
{
	uint64_t *root = fresh();
	struct mapping mapping = {
		.virtual = HV_VIRT_BASE + FRAME_SIZE - PAGE_SIZE,
		.physical = GIANT_SIZE - PAGE_SIZE,
		.size = 2 * PAGE_SIZE + FRAME_SIZE,
		.flags = PTE_W | PTE_NX,
		.cache = PAGETABLE_WC,
	};
	uint32_t level = 0;
	uint64_t entry;

	TAP_EQUAL(pagetable_map(&pool, root, &mapping), HV_OK);
	entry = find_leaf(root, HV_VIRT_BASE + FRAME_SIZE, &level);
	TAP_EQUAL(level, 2);
	TAP_EQUAL(entry,
		  GIANT_SIZE | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS | PTE_PAT_LARGE | PTE_NX);
	entry = find_leaf(root, HV_VIRT_BASE + 2 * FRAME_SIZE, &level);
	TAP_EQUAL(level, 1);
	TAP_EQUAL(entry,
		  (GIANT_SIZE + FRAME_SIZE) | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PAT_4K | PTE_NX);
	/* Entry 4 of the PAT, which the two PAT bits select, holds WC; what PCD and PWT select
	 * stays. */
	TAP_EQUAL(PAGING_PAT >> 32 & 0xff, PAT_WC);
	TAP_EQUAL(PAGING_PAT & UINT32_MAX, PAT_POWER_ON & UINT32_MAX);
}

static void test_write_xor_execute(void)
{
	TAP_DIES((void)pagetable_make_leaf(0x1000, 1, PTE_W, PAGETABLE_WB));
	TAP_EQUAL(pagetable_make_leaf(0x1000, 1, 0, PAGETABLE_UC),
		  0x1000 | PTE_P | PTE_A | PTE_PCD | PTE_PWT);
}

static void test_twice(void)
{
	uint64_t *root = fresh();
	struct mapping mapping = {.virtual = HV_VIRT_BASE, .size = PAGE_SIZE, .flags = PTE_NX};

	TAP_EQUAL(pagetable_map(&pool, root, &mapping), HV_OK);
	TAP_DIES(TAP_EQUAL(pagetable_map(&pool, root, &mapping), HV_OK));
}

static void test_no_memory(void)
{
	uint64_t *root = fresh();
	struct mapping mapping = {.virtual = HV_VIRT_BASE, .size = PAGE_SIZE, .flags = PTE_NX};

	pool.end = pool.next + 2 * PAGE_SIZE; /* three tables, the root included */
	TAP_EQUAL(pagetable_map(&pool, root, &mapping), HV_NO_MEMORY);
	TAP_EQUAL(target(root, HV_VIRT_BASE), UINT64_MAX);
}

static const struct tap_case cases[] = {
	{"every page leads where it should, neighbours nowhere", test_exact},
	{"large pages where both sides are aligned, cache type by level", test_large},
	{"a page is never writable and executable", test_write_xor_execute},
	{"nothing is mapped twice", test_twice},
	{"without memory nothing is mapped", test_no_memory},
};
TAP_MAIN(cases)
