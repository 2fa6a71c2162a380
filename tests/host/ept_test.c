/* SPDX-License-Identifier: Apache-2.0 */
/* ept.c and stage2_pte.c: entries made and read back, against a reference written bit by bit from
 * the manual. */
/* Links: arch/vmx/ept.c arch/x86/stage2_pte.c */
#include "tap.h"
#include "vmx.h"

static const struct virt_ops ops = {.stage2 = &vmx_ept_format};
const struct virt_ops *virt_ops = &ops;

/* SDM 3C, tables "Format of an EPT ... Entry": which bits may be set at all. */
static bool is_legal(uint64_t raw, uint32_t level, bool is_leaf)
{
	uint32_t page_shift = 12 + 9 * (level - 1);

	if ((raw & 7) == 0) {
		return raw == 0;
	}
	if ((raw & 1) == 0) {
		return false; /* writable or executable, not readable */
	}
	if (raw >> 52 != 0 || (raw & 0xf00) != 0) {
		return false;
	}
	if (!is_leaf) {
		return (raw & 0xf8) == 0;
	}
	if (level > 1 &&
	    ((raw & 0x80) == 0 || (raw >> 12 & ((1u << (page_shift - 12)) - 1)) != 0)) {
		return false;
	}
	if (level == 1 && (raw & 0x80) != 0) {
		return false;
	}
	return (raw >> 3 & 7) == 0 || (raw >> 3 & 7) == 6; /* UC or WB; IPAT (bit 6) tested apart */
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
	TAP_EQUAL(raw & 0x40, 0);
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
	struct stage2_entry table = {.address = hpa_from_u64(0x5000), .access = STAGE2_ALL};

	TAP_EQUAL(arch_stage2_make(&ram, 2), 0x402000b7);
	TAP_EQUAL(arch_stage2_make(&device, 1), 0xfee00003);
	TAP_EQUAL(arch_stage2_make(&table, 4), 0x5007);
}

static void test_pointer(void)
{
	struct vm_arch vm = {.stage2_root = hpa_from_u64(0x7000)};

	TAP_EQUAL(vmx_ept_pointer(&vm), 0x701e);
}

static const struct tap_case cases[] = {
	{"every entry is legal and reads back", test_round_trip},
	{"entries worked out by hand", test_known},
	{"EPT pointer: write-back, four levels", test_pointer},
};
TAP_MAIN(cases)
