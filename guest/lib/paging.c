/* SPDX-License-Identifier: Apache-2.0 */
/* Page-table changes. */
#include "paging.h"

#include "check.h"
#include "cpu.h"

#define ENTRIES      512u
#define SPLIT_MAX    8u
#define HIGH_MAX     4u
#define ADDRESS_MASK UINT64_C(0x000ffffffffff000)
#define LARGE_SIZE   (UINT64_C(1) << 21)
#define GIANT_SHIFT  30u
#define TABLE_FLAGS  (PTE_PRESENT | PTE_WRITABLE | PTE_USER)

extern uint64_t boot_pdpt[ENTRIES];

static uint64_t split_tables[SPLIT_MAX][ENTRIES] __attribute__((aligned(4096)));
static uint32_t split_count;
static uint64_t high_tables[HIGH_MAX][ENTRIES] __attribute__((aligned(4096)));
static uint32_t high_count;

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(uintptr_t)(entry & ADDRESS_MASK);
}

static volatile uint64_t *large_entry(uint64_t address)
{
	return &table_of(boot_pdpt[address >> GIANT_SHIFT])[address >> 21 & (ENTRIES - 1)];
}

void paging_split(const void *address)
{
	volatile uint64_t *entry = large_entry((uintptr_t)address);
	uint64_t *table;

	if ((*entry & PTE_LARGE) == 0) {
		return;
	}
	CHECK(split_count < SPLIT_MAX);
	table = split_tables[split_count++];
	for (uint32_t i = 0; i < ENTRIES; i++) {
		table[i] = (*entry & ~PTE_LARGE) + (uint64_t)i * 4096;
	}
	*entry = (uintptr_t)table | TABLE_FLAGS;
	cpu_write_cr3(cpu_read_cr3());
}

volatile uint64_t *paging_entry(const void *address)
{
	volatile uint64_t *entry = large_entry((uintptr_t)address);

	if ((*entry & PTE_LARGE) != 0) {
		return entry;
	}
	return &table_of(*entry)[(uintptr_t)address >> 12 & (ENTRIES - 1)];
}

void paging_set_present(const void *address, bool is_present)
{
	volatile uint64_t *entry = paging_entry(address);

	*entry = is_present ? *entry | PTE_PRESENT : *entry & ~PTE_PRESENT;
	cpu_invlpg(address);
}

void paging_map_high(uint64_t address)
{
	uint64_t giant = address >> GIANT_SHIFT;
	uint64_t *table;

	CHECK(giant < ENTRIES);
	if (boot_pdpt[giant] != 0) {
		return;
	}
	CHECK(high_count < HIGH_MAX);
	table = high_tables[high_count++];
	for (uint32_t i = 0; i < ENTRIES; i++) {
		table[i] = ((giant << GIANT_SHIFT) + i * LARGE_SIZE) | TABLE_FLAGS | PTE_LARGE;
	}
	boot_pdpt[giant] = (uintptr_t)table | TABLE_FLAGS;
}
