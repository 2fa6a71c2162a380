/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own address space, as the loader has built it (space_abi.h). */
#include "paging.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "check.h"
#include "regs.h"
#include "space_abi.h"

#define WINDOW_ENTRY (PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS | PTE_NX)

_Static_assert(HV_VIRT_BASE == UINT64_C(0xffffffff80000000), "hv.lds starts there");

static const struct boot_info *space;

void arch_mmu_init(const struct boot_info *boot)
{
	space = boot;
}

hpa_t arch_va_to_pa(const void *address)
{
	uint64_t offset = (uint64_t)address - HV_VIRT_BASE;

	CHECK(offset < space->region_size);
	return hpa_from_u64(space->region_base + offset);
}

void *arch_pa_to_va(hpa_t address)
{
	uint64_t offset = address.value - space->region_base;

	CHECK(offset < space->region_size);
	return (void *)(HV_VIRT_BASE + offset);
}

uint64_t arch_mmu_root(void)
{
	return space->root;
}

uint64_t paging_cr4(void)
{
	return space->cr4;
}

/* Each CPU writes its own entries. */
static uint64_t *window_entry(uint32_t slot)
{
	CHECK(slot < SPACE_WINDOW_SLOTS);
	return &space->windows[arch_this_cpu()->index * SPACE_WINDOW_SLOTS + slot];
}

void *arch_window_map(uint32_t slot, hpa_t address)
{
	uint64_t *entry = window_entry(slot);
	uint64_t offset = address.value & (FRAME_SIZE - 1);

	/* Not present before, so nothing stale can be in the TLB. */
	CHECK(*entry == 0);
	*entry = (address.value - offset) | WINDOW_ENTRY;
	return (void *)(space_window(arch_this_cpu()->index, slot) + offset);
}

void arch_window_unmap(uint32_t slot)
{
	*window_entry(slot) = 0;
	regs_invlpg(space_window(arch_this_cpu()->index, slot));
}
