/* SPDX-License-Identifier: Apache-2.0 */
/* pagetable.c and mmu_layout.h: what is mapped is exactly what was asked for. */
/* Links: arch/x86/pagetable.c */
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "mmu_layout.h"
#include "pagetable.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define POOL_PAGES 64u

static _Alignas(4096) uint8_t pool[POOL_PAGES][4096];
static uint32_t page_count;
static uint32_t page_limit;

void *page_alloc(uint32_t count)
{
	if (count != 1 || page_count >= page_limit) {
		return NULL;
	}
	return memset(pool[page_count++], 0, sizeof(pool[0]));
}

/* The physical address of a table is its offset in the pool plus this. */
#define POOL_PHYSICAL UINT64_C(0x7fe00000)

hpa_t arch_va_to_pa(const void *address)
{
	return hpa_from_u64(POOL_PHYSICAL + (uint64_t)((const uint8_t *)address - pool[0]));
}

void *arch_pa_to_va(hpa_t address)
{
	return (uint8_t *)pool + (address.value - POOL_PHYSICAL);
}

static uint64_t *fresh(void)
{
	page_count = 0;
	page_limit = POOL_PAGES;
	return page_alloc(1);
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
		entries = arch_pa_to_va(hpa_from_u64(entry & PTE_ADDRESS));
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
		.physical = hpa_from_u64(physical),
		.size = size,
		.flags = PTE_NX,
	};
	uint32_t wrong = 0;

	TAP_EQUAL(pagetable_map(root, &mapping), HV_OK);
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
		.physical = hpa_from_u64(GIANT_SIZE - PAGE_SIZE),
		.size = 2 * PAGE_SIZE + FRAME_SIZE,
		.flags = PTE_W | PTE_NX,
		.cache = PAGETABLE_WC,
	};
	uint32_t level = 0;
	uint64_t entry;

	TAP_EQUAL(pagetable_map(root, &mapping), HV_OK);
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
	TAP_EQUAL(PAGETABLE_PAT >> 32 & 0xff, PAT_WC);
	TAP_EQUAL(PAGETABLE_PAT & UINT32_MAX, PAT_POWER_ON & UINT32_MAX);
}

static void test_write_xor_execute(void)
{
	TAP_DIES((void)pagetable_make_leaf(hpa_from_u64(0x1000), 1, PTE_W, PAGETABLE_WB));
	TAP_EQUAL(pagetable_make_leaf(hpa_from_u64(0x1000), 1, 0, PAGETABLE_UC),
		  0x1000 | PTE_P | PTE_A | PTE_PCD | PTE_PWT);
}

static void test_twice(void)
{
	uint64_t *root = fresh();
	struct mapping mapping = {.virtual = HV_VIRT_BASE, .size = PAGE_SIZE, .flags = PTE_NX};

	TAP_EQUAL(pagetable_map(root, &mapping), HV_OK);
	TAP_DIES(TAP_EQUAL(pagetable_map(root, &mapping), HV_OK));
}

static void test_no_memory(void)
{
	uint64_t *root = fresh();
	struct mapping mapping = {.virtual = HV_VIRT_BASE, .size = PAGE_SIZE, .flags = PTE_NX};

	page_limit = 3;
	TAP_EQUAL(pagetable_map(root, &mapping), HV_NO_MEMORY);
	TAP_EQUAL(target(root, HV_VIRT_BASE), UINT64_MAX);
}

/* Marks the pages of every CPU's stacks as the hypervisor maps them. */
static void test_guards(void)
{
	static uint8_t owner[2 * FRAME_SIZE / PAGE_SIZE + 1];
	uint32_t overlaps = 0;
	uint32_t unguarded = 0;

	for (uint32_t cpu = 0; cpu < CPU_MAX; cpu++) {
		for (uint32_t stack = 0; stack <= IST_COUNT; stack++) {
			uint64_t low = stack == 0 ? mmu_main_stack(cpu) : mmu_ist_stack(cpu, stack);
			uint64_t page = (low - MMU_STACK_BASE) / PAGE_SIZE;
			uint32_t count = stack == 0 ? MMU_STACK_MAIN_PAGES : 1;

			for (uint32_t i = 0; i < count; i++) {
				overlaps += owner[page + i] != 0 ? 1 : 0;
				owner[page + i] = 2;
			}
			owner[page] = 1; /* lowest page */
		}
	}
	for (uint32_t i = 0; i < sizeof(owner); i++) {
		unguarded += owner[i] == 1 && (i == 0 || owner[i - 1] != 0) ? 1 : 0;
	}
	TAP_EQUAL(overlaps, 0);
	TAP_EQUAL(unguarded, 0);
	TAP_CHECK(mmu_window_address(CPU_MAX - 1, WINDOW_SLOTS - 1) + FRAME_SIZE == MMU_STACK_BASE);
}

static const struct tap_case cases[] = {
	{"every page leads where it should, neighbours nowhere", test_exact},
	{"large pages where both sides are aligned, cache type by level", test_large},
	{"a page is never writable and executable", test_write_xor_execute},
	{"nothing is mapped twice", test_twice},
	{"without memory nothing is mapped", test_no_memory},
	{"every stack has an unmapped page below it", test_guards},
};
TAP_MAIN(cases)
