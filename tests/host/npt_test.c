/* SPDX-License-Identifier: Apache-2.0 */
/* npt.c and stage2_pte.c: entries made and read back, and walked as the CPU does, against rules
 * written from the manual. */
/* Links: arch/svm/npt.c arch/x86/stage2_pte.c */
#include "svm.h"
#include "tap.h"

static const struct virt_ops ops = {.stage2 = &svm_npt_format};
const struct virt_ops *virt_ops = &ops;

/* APM 2, "Nested Table Walk" and "Long-Mode Page Translation": which bits may be set at all. */
static bool is_legal(uint64_t raw, uint32_t level, bool is_leaf)
{
	uint32_t page_shift = 12 + 9 * (level - 1);

	if ((raw & 1) == 0) {
		return raw == 0;
	}
	if ((raw & 4) == 0) {
		return false; /* a nested walk is a user access */
	}
	if ((raw & 0x160) != 0 || (raw & 0xe00) != 0 || (raw >> 52 & 0x7ff) != 0) {
		return false; /* accessed, dirty, global, available, reserved: never made */
	}
	if (!is_leaf) {
		return (raw & 0x98) == 0 && (raw & 2) != 0 && raw >> 63 == 0;
	}
	if (level > 1 &&
	    ((raw & 0x80) == 0 || (raw >> 12 & ((1u << (page_shift - 12)) - 1)) != 0)) {
		return false; /* no PS bit, or reserved address bits; bit 12 would be PAT */
	}
	if (level == 1 && (raw & 0x80) != 0) {
		return false; /* PAT */
	}
	return (raw & 0x18) == 0 || (raw & 0x18) == 0x18; /* PAT entry 0 (WB) or 3 (UC) */
}

static const uint64_t addresses[] = {
	0, 0x1000, 0x200000, 0x40000000, 0x123456789000, 0xfffffffffffff000, 0xffffffc0000000,
};

static void check_one(const struct stage2_entry *entry, uint32_t level)
{
	uint64_t raw = arch_stage2_make(entry, level);
	struct stage2_entry back = arch_stage2_read(raw, level);
	uint32_t access = entry->access == 0 ? 0 : entry->access | STAGE2_READ;
	uint32_t shift = entry->is_leaf ? 12 + 9 * (level - 1) : 12;

	TAP_CHECK(is_legal(raw, level, entry->is_leaf));
	if (access == 0) {
		TAP_EQUAL(raw, 0);
		TAP_EQUAL(back.access, 0);
		return;
	}
	TAP_EQUAL(back.is_leaf, entry->is_leaf);
	TAP_EQUAL(back.address.value, (entry->address.value & 0xffffffffff000) >> shift << shift);
	TAP_EQUAL(back.access, entry->is_leaf ? access : STAGE2_ALL);
	if (entry->is_leaf) {
		TAP_EQUAL(back.memory, entry->memory);
	}
	/* The CPU sets accessed and dirty: nothing else is read from that. */
	back = arch_stage2_read(raw | 0x60, level);
	TAP_EQUAL(back.access, entry->is_leaf ? access : STAGE2_ALL);
}

static void test_round_trip(void)
{
	for (uint32_t level = 1; level <= 4; level++) {
		for (uint32_t i = 0; i < ARRAY_COUNT(addresses) * 8 * 4; i++) {
			struct stage2_entry entry = {
				.address = hpa_from_u64(addresses[i / 32]),
				.access = i & 7,
				.memory = (i & 8) != 0 ? STAGE2_UNCACHED : STAGE2_WRITE_BACK,
				.is_leaf = level == 1 || (level < 4 && (i & 16) != 0),
			};

			check_one(&entry, level);
		}
	}
}

static void test_known(void)
{
	struct stage2_entry ram = {
		.address = hpa_from_u64(0x40200000), .access = STAGE2_ALL, .is_leaf = true};
	struct stage2_entry device = {.address = hpa_from_u64(0xfee00000),
				      .access = STAGE2_READ | STAGE2_WRITE,
				      .memory = STAGE2_UNCACHED,
				      .is_leaf = true};
	struct stage2_entry code = {.address = hpa_from_u64(0x5000),
				    .access = STAGE2_READ | STAGE2_EXECUTE,
				    .is_leaf = true};
	struct stage2_entry table = {.address = hpa_from_u64(0x5000), .access = STAGE2_ALL};

	TAP_EQUAL(arch_stage2_make(&ram, 2), 0x40200087);
	TAP_EQUAL(arch_stage2_make(&device, 1), 0x80000000fee0001f);
	TAP_EQUAL(arch_stage2_make(&code, 1), 0x5005);
	TAP_EQUAL(arch_stage2_make(&table, 4), 0x5007);
}

static const struct tap_case cases[] = {
	{"every entry is legal and reads back", test_round_trip},
	{"entries worked out by hand", test_known},
};
TAP_MAIN(cases)
