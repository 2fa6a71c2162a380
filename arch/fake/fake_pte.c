/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/stage2_pte.h with an invented entry format, unlike EPT and NPT on purpose: permissions mean
 * their opposite, and the level is part of the entry.
 */
#include "fake.h"

#include "arch/stage2_pte.h"
#include "check.h"

/*
 *  63  52 51      12 7      6       5   4..2       1..0
 *  magic  address    leaf   device  -   forbidden  level - 1
 */
#define FAKE_PTE_ADDRESS         MASK64(51, 12)
#define FAKE_PTE_MAGIC           (UINT64_C(0xfa4) << 52)
#define FAKE_PTE_MAGIC_MASK      (UINT64_C(0xfff) << 52)
#define FAKE_PTE_LEAF            BIT(7)
#define FAKE_PTE_DEVICE          BIT(6)
#define FAKE_PTE_FORBIDDEN_SHIFT 2u
#define FAKE_PTE_LEVEL           UINT64_C(3)

uint64_t arch_stage2_make(const struct stage2_entry *entry, uint32_t level)
{
	uint32_t access = entry->is_leaf ? entry->access : STAGE2_ALL;
	uint64_t raw;

	CHECK(level >= 1 && level <= 4);
	if (entry->access == 0) {
		return 0;
	}
	CHECK(is_aligned(entry->address.value, PAGE_SIZE));
	if (entry->is_leaf) {
		CHECK(level <= arch_stage2_max_leaf());
		CHECK(is_aligned(entry->address.value, PAGE_SIZE << (9 * (level - 1))));
	} else {
		CHECK(level > 1);
	}
	raw = entry->address.value & FAKE_PTE_ADDRESS;
	raw |= FAKE_PTE_MAGIC | (level - 1);
	raw |= (uint64_t)(~access & STAGE2_ALL) << FAKE_PTE_FORBIDDEN_SHIFT;
	raw |= entry->is_leaf ? FAKE_PTE_LEAF : 0;
	raw |= entry->memory == STAGE2_UNCACHED ? FAKE_PTE_DEVICE : 0;
	return raw;
}

struct stage2_entry arch_stage2_read(uint64_t raw, uint32_t level)
{
	struct stage2_entry entry = {.access = 0};

	if (raw == 0) {
		return entry;
	}
	CHECK((raw & FAKE_PTE_MAGIC_MASK) == FAKE_PTE_MAGIC);
	CHECK((raw & FAKE_PTE_LEVEL) == level - 1); /* an entry read at another level than made */
	entry.address = hpa_from_u64(raw & FAKE_PTE_ADDRESS);
	entry.access = (uint32_t)(~(raw >> FAKE_PTE_FORBIDDEN_SHIFT)) & STAGE2_ALL;
	entry.memory = (raw & FAKE_PTE_DEVICE) != 0 ? STAGE2_UNCACHED : STAGE2_WRITE_BACK;
	entry.is_leaf = (raw & FAKE_PTE_LEAF) != 0;
	return entry;
}

bool arch_stage2_is_multihit(void)
{
	return fake_vcpus.is_multihit;
}

uint32_t arch_stage2_max_leaf(void)
{
	return fake_vcpus.max_leaf;
}
