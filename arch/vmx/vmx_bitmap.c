/* SPDX-License-Identifier: Apache-2.0 */
/* MSR bitmaps. SDM 3C, "MSR-Bitmap Address". */
#include "vmx.h"

#include "addr.h"
#include "msr.h"
#include "str.h"

/* Four parts of 1 KiB: read and write, each of MSRs 0 to 0x1fff and 0xc0000000 to 0xc0001fff. An
 * MSR outside always exits. */
#define MSR_RANGE         0x2000u
#define MSR_HIGH_FIRST    0xc0000000u
#define BITMAP_READ_LOW   0x000u
#define BITMAP_READ_HIGH  0x400u
#define BITMAP_WRITE_LOW  0x800u
#define BITMAP_WRITE_HIGH 0xc00u

/* [0]: the guest's APIC is off or in xAPIC mode, [1]: in x2APIC mode. Constant after the probe. */
static _Alignas(4096) uint8_t msr_bitmaps[2][PAGE_SIZE];

static void clear_bit(uint8_t *bitmap, uint32_t bit)
{
	bitmap[bit / 8] &= (uint8_t) ~(1u << bit % 8);
}

static void pass_one(uint8_t *bitmap, uint32_t msr, uint32_t what)
{
	bool is_high = msr >= MSR_HIGH_FIRST;
	uint32_t bit = is_high ? msr - MSR_HIGH_FIRST : msr;

	if (bit >= MSR_RANGE) {
		return;
	}
	if ((what & MSR_PASS_READ) != 0) {
		clear_bit(bitmap + (is_high ? BITMAP_READ_HIGH : BITMAP_READ_LOW), bit);
	}
	if ((what & MSR_PASS_WRITE) != 0) {
		clear_bit(bitmap + (is_high ? BITMAP_WRITE_HIGH : BITMAP_WRITE_LOW), bit);
	}
}

void vmx_bitmap_init(const struct msr_pass_features *features)
{
	for (uint32_t mode = 0; mode < 2; mode++) {
		uint8_t *bitmap = msr_bitmaps[mode];

		memset(bitmap, 0xff, PAGE_SIZE);
		msr_pass_fill(bitmap, pass_one, features, mode == 1);
		/* The VMCS switches these, or has an offset for it. */
		pass_one(bitmap, MSR_IA32_TSC, MSR_PASS_READ);
		pass_one(bitmap, MSR_IA32_PAT, MSR_PASS_BOTH);
		pass_one(bitmap, MSR_IA32_EFER, MSR_PASS_BOTH);
	}
}

const void *vmx_bitmap_msr(bool is_x2apic)
{
	return msr_bitmaps[is_x2apic ? 1 : 0];
}
