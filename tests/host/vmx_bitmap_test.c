/* SPDX-License-Identifier: Apache-2.0 */
/* msr_pass.c with vmx_msr_format: all 2 x 16384 MSRs against the list of what may pass. */
/* Links: boot/msr_pass.c hv/lib/str.c */
#include "tap.h"
#include "msr_pass.h"

#include "virt_abi.h"

#include <string.h>

static uint8_t bitmaps[2][BOOT_MSR_BITMAP_SIZE];

/* The bit that the CPU looks at (SDM 3C, "MSR-Bitmap Address"). */
static bool passes(const uint8_t *bitmap, uint32_t msr, bool is_write)
{
	uint32_t offset = (is_write ? 2048u : 0u) + (msr >= 0xc0000000 ? 1024u : 0u);
	uint32_t bit = msr & 0x1fff;

	return (bitmap[offset + bit / 8] >> bit % 8 & 1) == 0;
}

/* Read and write letters by hand, so that a slip in the table is not repeated here. */
static const char *expected(uint32_t msr, bool is_x2apic, uint32_t there)
{
	switch (msr) {
	case 0x010:
		return "r";
	case 0x048:
		return (there & MSR_PASS_SPEC_CTRL) != 0 ? "rw" : "";
	case 0x049:
		return (there & MSR_PASS_PRED_CMD) != 0 ? "w" : "";
	case 0x6e0:
		return (there & MSR_PASS_TSC_DEADLINE) != 0 ? "rw" : "";
	case 0xc0000103:
		return (there & MSR_PASS_TSC_AUX) != 0 ? "rw" : "";
	case 0x174:
	case 0x175:
	case 0x176:
	case 0x277:
	case 0xc0000080:
	case 0xc0000081:
	case 0xc0000082:
	case 0xc0000083:
	case 0xc0000084:
	case 0xc0000100:
	case 0xc0000101:
	case 0xc0000102:
		return "rw";
	case 0x803:
	case 0x80a:
	case 0x839:
		return is_x2apic ? "r" : "";
	case 0x80b:
	case 0x83f:
		return is_x2apic ? "w" : "";
	case 0x808:
	case 0x80f:
	case 0x828:
	case 0x832:
	case 0x837:
	case 0x838:
	case 0x83e:
		return is_x2apic ? "rw" : "";
	default:
		return is_x2apic && msr >= 0x810 && msr <= 0x827 ? "r" : "";
	}
}

static void check_all(bool is_x2apic, uint32_t there)
{
	const uint8_t *bitmap = bitmaps[is_x2apic ? 1 : 0];
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < 0x4000; i++) {
		uint32_t msr = i < 0x2000 ? i : 0xc0000000 + i - 0x2000;
		const char *what = expected(msr, is_x2apic, there);

		if (passes(bitmap, msr, false) != (strchr(what, 'r') != NULL) ||
		    passes(bitmap, msr, true) != (strchr(what, 'w') != NULL)) {
			tap_note("MSR %x is wrong", msr);
			wrong++;
		}
	}
	TAP_EQUAL(wrong, 0);
}

static void test_msr(void)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t there = ((i & 1) != 0 ? MSR_PASS_TSC_DEADLINE : 0) |
				 ((i & 2) != 0 ? MSR_PASS_TSC_AUX : 0) |
				 ((i & 4) != 0 ? MSR_PASS_SPEC_CTRL : 0) |
				 ((i & 8) != 0 ? MSR_PASS_PRED_CMD : 0) | MSR_PASS_SWITCHED;

		msr_pass_fill(bitmaps[0], &vmx_msr_format, there);
		check_all(false, there);
		check_all(true, there);
	}
}

static const struct tap_case cases[] = {
	{"MSR bitmaps pass the list and nothing else", test_msr},
};
TAP_MAIN(cases)
