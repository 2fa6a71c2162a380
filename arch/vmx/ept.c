/* SPDX-License-Identifier: Apache-2.0 */
/* EPT entries: made and read. SDM 3C, "EPT Translation Mechanism". Pure but for the walk's root. */
#include "vmx.h"

#define EPT_READ       BIT(0)
#define EPT_WRITE      BIT(1)
#define EPT_EXECUTE    BIT(2)
#define EPT_ACCESS     MASK64(2, 0)
#define EPT_TYPE_SHIFT 3u
#define EPT_TYPE       MASK64(5, 3)
#define EPT_TYPE_UC    UINT64_C(0)
#define EPT_TYPE_WB    UINT64_C(6)
#define EPT_LEAF       BIT(7) /* levels 2 and 3; ignored at level 1 */
#define EPT_ADDRESS    MASK64(51, 12)

_Static_assert(STAGE2_READ == EPT_READ && STAGE2_WRITE == EPT_WRITE &&
		       STAGE2_EXECUTE == EPT_EXECUTE,
	       "access bits are passed through");

/* Writable or executable without readable is a misconfiguration (SDM 3C, "EPT Misconfigurations");
 * execute-only is legal on some CPUs only, and never asked for. */
static uint64_t access_bits(uint32_t access)
{
	uint64_t bits = access & EPT_ACCESS;

	return bits == 0 ? 0 : bits | EPT_READ;
}

static uint64_t page_address(uint32_t level)
{
	return EPT_ADDRESS & ~(BIT(PAGE_SHIFT + 9 * (level - 1)) - 1);
}

/* The memory type lies in the leaf and leaves the guest's PAT its say (IPAT, bit 6, is 0). */
uint64_t vmx_ept_make(const struct stage2_entry *entry, uint32_t level)
{
	uint64_t access = access_bits(entry->access);
	uint64_t type = entry->memory == STAGE2_WRITE_BACK ? EPT_TYPE_WB : EPT_TYPE_UC;

	if (access == 0) {
		return 0; /* nothing of an address stays: L1TF */
	}
	if (!entry->is_leaf) {
		return (entry->address.value & EPT_ADDRESS) | EPT_ACCESS;
	}
	return (entry->address.value & page_address(level)) | access | type << EPT_TYPE_SHIFT |
	       (level > 1 ? EPT_LEAF : 0);
}

struct stage2_entry vmx_ept_read(uint64_t raw, uint32_t level)
{
	struct stage2_entry entry = {.access = (uint32_t)(raw & EPT_ACCESS)};

	if (entry.access == 0) {
		return entry;
	}
	entry.is_leaf = level == 1 || (level < 4 && (raw & EPT_LEAF) != 0);
	if (!entry.is_leaf) {
		entry.address = hpa_from_u64(raw & EPT_ADDRESS);
		return entry;
	}
	entry.address = hpa_from_u64(raw & page_address(level));
	if ((raw & EPT_TYPE) >> EPT_TYPE_SHIFT == EPT_TYPE_WB) {
		entry.memory = STAGE2_WRITE_BACK;
	} else {
		entry.memory = STAGE2_UNCACHED;
	}
	return entry;
}

/* The same value for the VMCS and for INVEPT, which compares it. Accessed and dirty flags stay off:
 * with them a guest's page walk would count as a write. */
uint64_t vmx_ept_pointer(const struct vm_arch *vm)
{
	return vm->stage2_root.value | EPTP_WALK_4 | EPTP_WRITE_BACK;
}
