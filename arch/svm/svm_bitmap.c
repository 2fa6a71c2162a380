/* SPDX-License-Identifier: Apache-2.0 */
/* MSR permission maps. APM 2, "MSR Intercepts". */
#include "svm.h"

#include "str.h"

/* Three ranges of MSRs, two bits each (read, write); an MSR outside always exits. */
#define RANGE_MSRS  0x2000u
#define RANGE_BYTES 0x800u
#define MSRPM_SIZE  0x2000u

static const uint32_t range_first[] = {0, 0xc0000000u, 0xc0010000u};

/* [0]: the guest's APIC is off or in xAPIC mode, [1]: in x2APIC mode. Constant after the probe. */
static _Alignas(4096) uint8_t msrpm[2][MSRPM_SIZE];

static void pass_one(uint8_t *map, uint32_t msr, uint32_t what)
{
	for (uint32_t range = 0; range < ARRAY_COUNT(range_first); range++) {
		uint32_t index = msr - range_first[range];

		if (msr >= range_first[range] && index < RANGE_MSRS) {
			map[range * RANGE_BYTES + index / 4] &= (uint8_t) ~(what << index % 4 * 2);
		}
	}
}

/* No more than the common list. PAT exits: nested paging has one of its own (G_PAT), but QEMU lets
 * the guest write the host's. So does TSC, which nobody reads this way: QEMU gives 0. */
void svm_bitmap_init(const struct msr_pass_features *features)
{
	for (uint32_t mode = 0; mode < 2; mode++) {
		memset(msrpm[mode], 0xff, MSRPM_SIZE);
		msr_pass_fill(msrpm[mode], pass_one, features, mode == 1);
	}
}

const void *svm_bitmap_msr(bool is_x2apic)
{
	return msrpm[is_x2apic ? 1 : 0];
}
