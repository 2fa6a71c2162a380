/* SPDX-License-Identifier: Apache-2.0 */
/* The MSRs that reach the CPU without an exit, as a bitmap in either backend's format. Pure. */
#pragma once

#include <stdint.h>

/* What not every CPU or backend has; a set of these says what is there. */
#define MSR_PASS_TSC_DEADLINE 0x01u
#define MSR_PASS_TSC_AUX      0x02u
#define MSR_PASS_SPEC_CTRL    0x04u
#define MSR_PASS_PRED_CMD     0x08u
#define MSR_PASS_SWITCHED     0x10u /* the backend switches PAT and EFER, and reads TSC right */

/* A bitmap: for each range of 8192 MSRs (from 0, from 0xc0000000) so many bits; and in it. */
struct msr_pass_format {
	uint32_t range_bits;
	uint32_t msr_bits;   /* from the read bit of an MSR to that of the next */
	uint32_t write_bits; /* from the read bit of an MSR to its write bit */
};

/* SDM 3C, "MSR-Bitmap Address": 1 KiB each for reads low and high, writes low and high. */
static const struct msr_pass_format vmx_msr_format = {
	.range_bits = 0x400 * 8,
	.msr_bits = 1,
	.write_bits = 0x800 * 8,
};

/* APM 2, "MSR Intercepts": 2 KiB a range, two bits an MSR, read and write. A third range, from
 * 0xc0010000, has nothing that passes. */
static const struct msr_pass_format svm_msr_format = {
	.range_bits = 0x800 * 8,
	.msr_bits = 2,
	.write_bits = 1,
};

/* Makes both bitmaps of BOOT_MSR_BITMAP_SIZE; the second is for guests with their local APIC in
 * x2APIC mode. there: MSR_PASS_*. */
void msr_pass_fill(uint8_t *bitmaps, const struct msr_pass_format *format, uint32_t there);
