/* SPDX-License-Identifier: Apache-2.0 */
/* The MSRs that reach the CPU without an exit, as a bitmap in either backend's format. Pure. */
#pragma once

#include <stdbool.h>
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

/* Makes both bitmaps. there: MSR_PASS_*. */
void msr_pass_init(const struct msr_pass_format *format, uint32_t there);

/* A page-aligned bitmap. is_x2apic: for a guest with its local APIC in x2APIC mode. */
const void *msr_pass_bitmap(bool is_x2apic);
