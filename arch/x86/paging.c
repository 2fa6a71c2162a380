/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own address space; laid out in mmu_layout.h. */
#include "paging.h"

#include "arch/mmu.h"
#include "arch/spin.h"
#include "arch/upcalls.h"
#include "check.h"
#include "mmu_layout.h"
#include "msr.h"
#include "pagetable.h"
#include "regs.h"
#include "str.h"

#define TOP_ENTRY 511u /* of the root: all of the hypervisor's space lies there */

/* In hv.lds and entry.asm. */
extern const uint8_t image_text[];
extern const uint8_t image_rodata[];
extern const uint8_t image_data[];
extern const uint8_t entry_boot_guard[];

_Static_assert(HV_VIRT_BASE == UINT64_C(0xffffffff80000000), "hv.lds starts there");

static struct {
	hpa_t region;
	uint64_t region_size;
	uint64_t *root;
	hpa_t start_root;         /* 0: not made yet */
	uint64_t *window_entries; /* first of CPU_MAX * WINDOW_SLOTS; each CPU writes its own */
	struct spin_lock lock;    /* device_next and the tables of the device area */
	uint64_t device_next;
} mmu;

hpa_t arch_va_to_pa(const void *address)
{
	uint64_t offset = (uint64_t)address - HV_VIRT_BASE;

	CHECK(offset < mmu.region_size);
	return hpa_add(mmu.region, offset);
}

void *arch_pa_to_va(hpa_t address)
{
	uint64_t offset = address.value - mmu.region.value;

	CHECK(offset < mmu.region_size);
	return (void *)(HV_VIRT_BASE + offset);
}

/* Each part begins where the one before it ends, but for the boot stack's guard page. */
static enum hv_status map_region(void)
{
	const struct {
		const uint8_t *from;
		const uint8_t *to;
		uint64_t flags;
	} parts[] = {
		{image_text, image_rodata, 0},
		{image_rodata, image_data, PTE_NX},
		{image_data, entry_boot_guard, PTE_W | PTE_NX},
		{entry_boot_guard + PAGE_SIZE, (const uint8_t *)HV_VIRT_BASE + mmu.region_size,
		 PTE_W | PTE_NX},
	};
	enum hv_status status = HV_OK;

	for (uint32_t i = 0; i < ARRAY_COUNT(parts) && status == HV_OK; i++) {
		struct mapping mapping = {
			.virtual = (uint64_t)parts[i].from,
			.physical = arch_va_to_pa(parts[i].from),
			.size = (uint64_t)(parts[i].to - parts[i].from),
			.flags = parts[i].flags | PTE_G,
		};

		status = pagetable_map(mmu.root, &mapping);
	}
	return status;
}

enum hv_status arch_mmu_init(hpa_t region, uint64_t region_size)
{
	enum hv_status status;

	if (!regs_has_leaf(CPUID_EXTENDED_SIGNATURE) ||
	    (regs_cpuid(CPUID_EXTENDED_SIGNATURE, 0).edx & CPUID_EXT1_EDX_NX) == 0 ||
	    region_size > MMU_REGION_MAX) {
		return HV_UNSUPPORTED;
	}
	mmu.region = region;
	mmu.region_size = region_size;
	mmu.root = page_alloc(1);
	mmu.device_next = MMU_DEVICE_BASE;
	if (mmu.root == NULL) {
		return HV_NO_MEMORY;
	}
	mmu.window_entries = pagetable_entry(mmu.root, MMU_WINDOW_BASE, 2);
	if (mmu.window_entries == NULL) {
		return HV_NO_MEMORY;
	}
	status = map_region();
	if (status == HV_OK) {
		arch_mmu_load();
	}
	return status;
}

uint64_t arch_mmu_root(void)
{
	return arch_va_to_pa(mmu.root).value;
}

void arch_mmu_load(void)
{
	uint64_t cr4 = regs_read_cr4();

	msr_write(MSR_IA32_EFER, msr_read(MSR_IA32_EFER) | EFER_NXE);
	msr_write(MSR_IA32_PAT, PAGETABLE_PAT);
	regs_write_cr0(regs_read_cr0() | CR0_WP);
	/* Without PGE, loading CR3 also drops what firmware or the start root had as global pages.
	 */
	regs_write_cr4(cr4 & ~CR4_PGE);
	regs_write_cr3(arch_mmu_root());
	regs_write_cr4(cr4 | CR4_PGE);
}

enum hv_status paging_map_stacks(uint32_t cpu, const void *private_pages)
{
	const uint8_t *pages = private_pages;
	struct mapping mapping = {
		.virtual = mmu_main_stack(cpu),
		.physical = arch_va_to_pa(pages + PRIVATE_MAIN_STACK * PAGE_SIZE),
		.size = MMU_STACK_MAIN_PAGES * PAGE_SIZE,
		.flags = PTE_W | PTE_NX | PTE_G,
		.cache = PAGETABLE_WB,
	};
	enum hv_status status = pagetable_map(mmu.root, &mapping);

	mapping.size = PAGE_SIZE;
	for (uint32_t ist = 1; ist <= IST_COUNT && status == HV_OK; ist++) {
		mapping.virtual = mmu_ist_stack(cpu, ist);
		mapping.physical =
			arch_va_to_pa(pages + (PRIVATE_IST_STACKS + ist - 1) * PAGE_SIZE);
		status = pagetable_map(mmu.root, &mapping);
	}
	return status;
}

/* Maps the pages that hold [base, base + size), at the same distance from a 2 MiB boundary, so that
 * large pages fit. */
static void *map_extra(hpa_t base, uint64_t size, uint64_t flags, enum pagetable_cache cache)
{
	uint64_t offset = base.value & (PAGE_SIZE - 1);
	struct mapping mapping = {
		.physical = hpa_from_u64(base.value - offset),
		.flags = flags,
		.cache = cache,
	};
	void *result = NULL;

	if (size == 0 || size > MMU_DEVICE_END - MMU_DEVICE_BASE ||
	    base.value + size < base.value) {
		return NULL;
	}
	mapping.size = align_up(size + offset, PAGE_SIZE);
	spin_lock(&mmu.lock);
	mapping.virtual = mmu.device_next;
	if (mapping.size >= FRAME_SIZE) {
		mapping.virtual = align_up(mapping.virtual, FRAME_SIZE) +
				  (mapping.physical.value & (FRAME_SIZE - 1));
	}
	if (mapping.virtual <= MMU_DEVICE_END && mapping.size <= MMU_DEVICE_END - mapping.virtual) {
		/* Even a failed attempt may have left entries: its addresses are not used again. */
		mmu.device_next = mapping.virtual + mapping.size;
		if (pagetable_map(mmu.root, &mapping) == HV_OK) {
			result = (void *)(mapping.virtual + offset);
		}
	}
	spin_unlock(&mmu.lock);
	return result;
}

void *arch_map_device(hpa_t base, uint64_t size, bool is_write_combining)
{
	return map_extra(base, size, PTE_W | PTE_NX | PTE_G,
			 is_write_combining ? PAGETABLE_WC : PAGETABLE_UC);
}

const void *arch_map_readonly(hpa_t base, uint64_t size)
{
	return map_extra(base, size, PTE_NX | PTE_G, PAGETABLE_WB);
}

static uint64_t *window_entry(uint32_t slot)
{
	CHECK(slot < WINDOW_SLOTS);
	return &mmu.window_entries[arch_this_cpu()->index * WINDOW_SLOTS + slot];
}

void *arch_window_map(uint32_t slot, hpa_t address)
{
	uint64_t *entry = window_entry(slot);
	uint64_t offset = address.value & (FRAME_SIZE - 1);

	/* Not present before, so nothing stale can be in the TLB. */
	CHECK(*entry == 0);
	*entry = pagetable_make_leaf(hpa_from_u64(address.value - offset), 2, PTE_W | PTE_NX,
				     PAGETABLE_WB);
	return (void *)(mmu_window_address(arch_this_cpu()->index, slot) + offset);
}

void arch_window_unmap(uint32_t slot)
{
	*window_entry(slot) = 0;
	regs_invlpg(mmu_window_address(arch_this_cpu()->index, slot));
}

enum hv_status paging_start_root(hpa_t page, hpa_t *root)
{
	struct mapping mapping = {.virtual = page.value, .physical = page, .size = PAGE_SIZE};
	enum hv_status status;

	if (mmu.start_root.value == 0) {
		uint64_t *entries = page_alloc(1);

		if (entries == NULL) {
			return HV_NO_MEMORY;
		}
		status = pagetable_map(entries, &mapping);
		if (status != HV_OK) {
			return status;
		}
		entries[TOP_ENTRY] = mmu.root[TOP_ENTRY];
		mmu.start_root = arch_va_to_pa(entries);
	}
	*root = mmu.start_root;
	/* Real mode loads 32 bits of CR3; boot_abi.h puts the region below 4 GiB. */
	return root->value <= UINT32_MAX ? HV_OK : HV_UNSUPPORTED;
}
