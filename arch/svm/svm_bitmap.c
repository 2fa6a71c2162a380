/* SPDX-License-Identifier: Apache-2.0 */
/* MSR and I/O permission maps. APM 2, "MSR Intercepts" and "I/O Permissions Map". */
#include "svm.h"

#include "addr.h"
#include "msr.h"
#include "str.h"

/* Three ranges of MSRs, two bits each (read, write); an MSR outside always exits. A list of what
 * passes: everything else exits. */
#define RANGE_MSRS 0x2000u
#define RANGE_BYTES 0x800u

#define PASS_READ 1u
#define PASS_WRITE 2u
#define PASS_BOTH (PASS_READ | PASS_WRITE)

struct pass {
	uint32_t first;
	uint32_t count;
	uint32_t what;
};

static const uint32_t range_first[] = {0, 0xc0000000u, 0xc0010000u};

/* State that is the guest's own: switched by VMLOAD and VMSAVE, or live in the CPU while it owns the
 * CPU. PAT exits: nested paging has one of its own (G_PAT), but QEMU lets the guest write the host's.
 * So does TSC, which nobody reads this way: QEMU gives 0. */
static const struct pass always[] = {
	{MSR_IA32_SYSENTER_CS, 3, PASS_BOTH},
	{MSR_IA32_STAR, 4, PASS_BOTH},    /* STAR, LSTAR, CSTAR, FMASK */
	{MSR_IA32_FS_BASE, 3, PASS_BOTH}, /* FS_BASE, GS_BASE, KERNEL_GS_BASE */
};

/* x2APIC registers that cannot reach beyond this CPU. ICR, LDR, ID, LINT0/1 and the thermal and
 * performance entries exit: they name other CPUs or can make an NMI, SMI or INIT. */
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
static _Alignas(4096) uint8_t msrpm[2][SVM_MSRPM_SIZE];

static void pass_one(uint8_t *map, uint32_t msr, uint32_t what)
{
	for (uint32_t range = 0; range < ARRAY_COUNT(range_first); range++) {
		uint32_t index = msr - range_first[range];

		if (msr >= range_first[range] && index < RANGE_MSRS) {
			map[range * RANGE_BYTES + index / 4] &= (uint8_t)~(what << index % 4 * 2);
		}
	}
}

static void pass_list(uint8_t *map, const struct pass *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (uint32_t n = 0; n < list[i].count; n++) {
			pass_one(map, list[i].first + n, list[i].what);
		}
	}
}

void svm_bitmap_init(const struct svm_msr_features *features)
{
	for (uint32_t mode = 0; mode < 2; mode++) {
		memset(msrpm[mode], 0xff, SVM_MSRPM_SIZE);
		pass_list(msrpm[mode], always, ARRAY_COUNT(always));
		if (features->has_tsc_deadline) {
			pass_one(msrpm[mode], MSR_IA32_TSC_DEADLINE, PASS_BOTH);
		}
		if (features->has_tsc_aux) {
			pass_one(msrpm[mode], MSR_IA32_TSC_AUX, PASS_BOTH);
		}
		if (features->has_spec_ctrl) {
			pass_one(msrpm[mode], MSR_IA32_SPEC_CTRL, PASS_BOTH);
		}
		if (features->has_pred_cmd) {
			pass_one(msrpm[mode], MSR_IA32_PRED_CMD, PASS_WRITE);
		}
	}
	pass_list(msrpm[1], x2apic, ARRAY_COUNT(x2apic));
}

const void *svm_bitmap_msr(bool is_x2apic)
{
	return msrpm[is_x2apic ? 1 : 0];
}

/* One bit a port. The bits beyond port 0xffff, for accesses that begin below it, stay 1. */
void svm_bitmap_port(void *bitmap, uint16_t first, uint32_t count, bool is_intercepted)
{
	uint8_t *bytes = bitmap;

	for (uint32_t port = first; port < first + count && port <= UINT16_MAX; port++) {
		if (is_intercepted) {
			bytes[port / 8] |= (uint8_t)(1u << port % 8);
		} else {
			bytes[port / 8] &= (uint8_t)~(1u << port % 8);
		}
	}
}
