/* SPDX-License-Identifier: Apache-2.0 */
/* msr_pass.c with svm_msr_format: all 3 x 8192 MSRs against the list of what may pass. */
/* Links: boot/msr_pass.c hv/lib/str.c */
#include "msr_pass.h"
#include "tap.h"

#include "virt_abi.h"

#include <string.h>

static uint8_t bitmaps[2][BOOT_MSR_BITMAP_SIZE];

static const uint32_t ranges[] = {0, 0xc0000000, 0xc0010000};

/* The bit that the CPU looks at (APM 2, "MSR Intercepts"). */
static bool passes(const uint8_t *map, uint32_t range, uint32_t index, bool is_write)
{
	uint32_t bit = range * 0x800 * 8 + index * 2 + (is_write ? 1 : 0);

	return (map[bit / 8] >> bit % 8 & 1) == 0;
}

/* Read and write letters by hand, so that a slip in the table is not repeated here. */
static const char *expected(uint32_t msr, bool is_x2apic, uint32_t there)
{
	switch (msr) {
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
	const uint8_t *map = bitmaps[is_x2apic ? 1 : 0];
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < 3 * 0x2000; i++) {
		uint32_t range = i / 0x2000;
		uint32_t index = i % 0x2000;
		const char *what = expected(ranges[range] + index, is_x2apic, there);

		if (passes(map, range, index, false) != (strchr(what, 'r') != NULL) ||
		    passes(map, range, index, true) != (strchr(what, 'w') != NULL)) {
			tap_note("MSR %x is wrong", ranges[range] + index);
			wrong++;
		}
	}
	TAP_EQUAL(wrong, 0);
	for (uint32_t i = 3 * 0x800; i < 0x2000; i++) {
		wrong += map[i] != 0xff; /* reserved */
	}
	TAP_EQUAL(wrong, 0);
}

static void test_msr(void)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t there = ((i & 1) != 0 ? MSR_PASS_TSC_DEADLINE : 0) |
				 ((i & 2) != 0 ? MSR_PASS_TSC_AUX : 0) |
				 ((i & 4) != 0 ? MSR_PASS_SPEC_CTRL : 0) |
				 ((i & 8) != 0 ? MSR_PASS_PRED_CMD : 0);

		msr_pass_fill(bitmaps[0], &svm_msr_format, there);
		check_all(false, there);
		check_all(true, there);
	}
}

static const struct tap_case cases[] = {
	{"MSR maps pass the list and nothing else", test_msr},
};
TAP_MAIN(cases)
