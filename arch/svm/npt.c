/* SPDX-License-Identifier: Apache-2.0 */
/* Nested page-table entries: made and read. APM 2, "Nested Paging". Pure. */
#include "svm.h"

#include "regs.h"

/* A nested walk is a user access (APM 2, "Nested Table Walk"): U is always 1. */
#define NPT_PRESENT (PTE_P | PTE_U)
/* PCD and PWT choose entry 3 of the host's PAT, UC. The guest's PAT combines with it (APM 2,
 * "Combining Memory Types, MTRRs"). */
#define NPT_UNCACHED (PTE_PCD | PTE_PWT)

static uint64_t page_address(uint32_t level)
{
	return PTE_ADDRESS & ~(BIT(PAGE_SHIFT + 9 * (level - 1)) - 1);
}

uint64_t svm_npt_make(const struct stage2_entry *entry, uint32_t level)
{
	uint64_t bits = NPT_PRESENT;

	if ((entry->access & STAGE2_ALL) == 0) {
		return 0; /* nothing of an address stays */
	}
	if (!entry->is_leaf) {
		return (entry->address.value & PTE_ADDRESS) | bits | PTE_W;
	}
	bits |= (entry->access & STAGE2_WRITE) != 0 ? PTE_W : 0;
	bits |= (entry->access & STAGE2_EXECUTE) != 0 ? 0 : PTE_NX;
	bits |= entry->memory == STAGE2_WRITE_BACK ? 0 : NPT_UNCACHED;
	bits |= level > 1 ? PTE_PS : 0;
	return (entry->address.value & page_address(level)) | bits;
}

struct stage2_entry svm_npt_read(uint64_t raw, uint32_t level)
{
	struct stage2_entry entry = {.access = 0};

	if ((raw & PTE_P) == 0) {
		return entry;
	}
	entry.access = STAGE2_READ;
	entry.access |= (raw & PTE_W) != 0 ? STAGE2_WRITE : 0;
	entry.access |= (raw & PTE_NX) != 0 ? 0 : STAGE2_EXECUTE;
	entry.is_leaf = level == 1 || (level < 4 && (raw & PTE_PS) != 0);
	if (!entry.is_leaf) {
		entry.address = hpa_from_u64(raw & PTE_ADDRESS);
		return entry;
	}
	entry.address = hpa_from_u64(raw & page_address(level));
	entry.memory = (raw & NPT_UNCACHED) == 0 ? STAGE2_WRITE_BACK : STAGE2_UNCACHED;
	return entry;
}
