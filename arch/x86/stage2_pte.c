/* SPDX-License-Identifier: Apache-2.0 */
/* Second-level entries of both vendors: made and read. Pure. */
#include "regs.h"
#include "virt_internal.h"

static uint64_t page_address(uint32_t level)
{
	return PTE_ADDRESS & ~(BIT(PAGE_SHIFT + 9 * (level - 1)) - 1);
}

uint64_t arch_stage2_make(const struct stage2_entry *entry, uint32_t level)
{
	const struct stage2_format *format = virt_ops->stage2;
	uint64_t bits = format->leaf;

	if ((entry->access & STAGE2_ALL) == 0) {
		return 0; /* nothing of an address stays: L1TF */
	}
	if (!entry->is_leaf) {
		return (entry->address.value & PTE_ADDRESS) | format->table;
	}
	bits |= (entry->access & STAGE2_WRITE) != 0 ? PTE_W : 0;
	bits |= (entry->access & STAGE2_EXECUTE) != 0 ? format->execute : format->no_execute;
	bits |= entry->memory == STAGE2_WRITE_BACK ? format->write_back : format->uncached;
	bits |= level > 1 ? PTE_PS : 0;
	return (entry->address.value & page_address(level)) | bits;
}

struct stage2_entry arch_stage2_read(uint64_t raw, uint32_t level)
{
	const struct stage2_format *format = virt_ops->stage2;
	uint64_t execution = raw & (format->execute | format->no_execute);
	uint64_t memory = raw & (format->write_back | format->uncached);
	struct stage2_entry entry = {.access = 0};

	if ((raw & PTE_P) == 0) {
		return entry;
	}
	entry.access = STAGE2_READ;
	entry.access |= (raw & PTE_W) != 0 ? STAGE2_WRITE : 0;
	entry.access |= execution == format->execute ? STAGE2_EXECUTE : 0;
	entry.is_leaf = level == 1 || (level < 4 && (raw & PTE_PS) != 0);
	entry.address = hpa_from_u64(raw & (entry.is_leaf ? page_address(level) : PTE_ADDRESS));
	entry.memory = memory == format->write_back ? STAGE2_WRITE_BACK : STAGE2_UNCACHED;
	return entry;
}
