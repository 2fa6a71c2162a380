/* SPDX-License-Identifier: Apache-2.0 */
/* MSR and I/O bitmaps. SDM 3C, "MSR-Bitmap Address" and "I/O-Bitmap Addresses". */
#include "vmx.h"

#include "addr.h"
#include "msr.h"
#include "str.h"

/* A list of what passes: everything else exits, and so does every MSR outside the two ranges. */
#define MSR_HIGH_FIRST    0xc0000000u
#define MSR_RANGE         0x2000u
#define BITMAP_READ_LOW   0x000u
#define BITMAP_READ_HIGH  0x400u
#define BITMAP_WRITE_LOW  0x800u
#define BITMAP_WRITE_HIGH 0xc00u

#define PASS_READ  1u
#define PASS_WRITE 2u
#define PASS_BOTH  (PASS_READ | PASS_WRITE)

struct pass {
	uint32_t first;
	uint32_t count;
	uint32_t what;
};

/* State that is the guest's own: in the VMCS, or live in the CPU while it owns the CPU. */
static const struct pass always[] = {
	{MSR_IA32_TSC, 1, PASS_READ},     {MSR_IA32_SYSENTER_CS, 3, PASS_BOTH},
	{MSR_IA32_PAT, 1, PASS_BOTH},     {MSR_IA32_EFER, 1, PASS_BOTH},
	{MSR_IA32_STAR, 4, PASS_BOTH},    /* STAR, LSTAR, CSTAR, FMASK */
	{MSR_IA32_FS_BASE, 3, PASS_BOTH}, /* FS_BASE, GS_BASE, KERNEL_GS_BASE */
};

/* x2APIC registers that cannot reach beyond this CPU. ICR, LDR, ID, LINT0/1 and the thermal,
 * performance and CMCI entries exit: they name other CPUs or can make an NMI, SMI or INIT. */
static const struct pass x2apic[] = {
	{MSR_IA32_X2APIC_VERSION, 1, PASS_READ},
	{MSR_IA32_X2APIC_TPR, 1, PASS_BOTH},
	{MSR_IA32_X2APIC_PPR, 1, PASS_READ},
	{MSR_IA32_X2APIC_EOI, 1, PASS_WRITE},
	{MSR_IA32_X2APIC_SIVR, 1, PASS_BOTH},
	{MSR_IA32_X2APIC_ISR0, 24, PASS_READ}, /* ISR, TMR, IRR */
	{MSR_IA32_X2APIC_ESR, 1, PASS_BOTH},
	{MSR_IA32_X2APIC_LVT_TIMER, 1, PASS_BOTH},
	{MSR_IA32_X2APIC_LVT_ERROR, 1, PASS_BOTH},
	{MSR_IA32_X2APIC_INIT_COUNT, 1, PASS_BOTH},
	{MSR_IA32_X2APIC_CUR_COUNT, 1, PASS_READ},
	{MSR_IA32_X2APIC_DIV_CONF, 1, PASS_BOTH},
	{MSR_IA32_X2APIC_SELF_IPI, 1, PASS_WRITE},
};

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
	if ((what & PASS_READ) != 0) {
		clear_bit(bitmap + (is_high ? BITMAP_READ_HIGH : BITMAP_READ_LOW), bit);
	}
	if ((what & PASS_WRITE) != 0) {
		clear_bit(bitmap + (is_high ? BITMAP_WRITE_HIGH : BITMAP_WRITE_LOW), bit);
	}
}

static void pass_list(uint8_t *bitmap, const struct pass *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (uint32_t n = 0; n < list[i].count; n++) {
			pass_one(bitmap, list[i].first + n, list[i].what);
		}
	}
}

void vmx_bitmap_init(const struct vmx_msr_features *features)
{
	for (uint32_t mode = 0; mode < 2; mode++) {
		uint8_t *bitmap = msr_bitmaps[mode];

		memset(bitmap, 0xff, PAGE_SIZE);
		pass_list(bitmap, always, ARRAY_COUNT(always));
		if (features->has_tsc_deadline) {
			pass_one(bitmap, MSR_IA32_TSC_DEADLINE, PASS_BOTH);
		}
		if (features->has_tsc_aux) {
			pass_one(bitmap, MSR_IA32_TSC_AUX, PASS_BOTH);
		}
		if (features->has_spec_ctrl) {
			pass_one(bitmap, MSR_IA32_SPEC_CTRL, PASS_BOTH);
		}
		if (features->has_pred_cmd) {
			pass_one(bitmap, MSR_IA32_PRED_CMD, PASS_WRITE);
		}
	}
	pass_list(msr_bitmaps[1], x2apic, ARRAY_COUNT(x2apic));
}

const void *vmx_bitmap_msr(bool is_x2apic)
{
	return msr_bitmaps[is_x2apic ? 1 : 0];
}

/* Bitmap A (ports 0 to 0x7fff) and bitmap B lie side by side: one bit a port. */
void vmx_bitmap_port(void *bitmap, uint16_t first, uint32_t count, bool is_intercepted)
{
	uint8_t *bytes = bitmap;

	for (uint32_t port = first; port < first + count && port <= UINT16_MAX; port++) {
		if (is_intercepted) {
			bytes[port / 8] |= (uint8_t)(1u << port % 8);
		} else {
			clear_bit(bytes, port);
		}
	}
}
