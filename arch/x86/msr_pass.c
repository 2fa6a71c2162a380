/* SPDX-License-Identifier: Apache-2.0 */
/* A list of what passes: everything else exits. */
#include "msr_pass.h"

#include "bits.h"
#include "msr.h"

#include <stddef.h>

struct pass {
	uint32_t first;
	uint32_t count;
	uint32_t what;
};

/* State that is the guest's own: switched by the backend, or live in the CPU while it owns the CPU.
 */
static const struct pass always[] = {
	{MSR_IA32_SYSENTER_CS, 3, MSR_PASS_BOTH},
	{MSR_IA32_STAR, 4, MSR_PASS_BOTH},    /* STAR, LSTAR, CSTAR, FMASK */
	{MSR_IA32_FS_BASE, 3, MSR_PASS_BOTH}, /* FS_BASE, GS_BASE, KERNEL_GS_BASE */
};

/* x2APIC registers that cannot reach beyond this CPU. ICR, LDR, ID, LINT0/1 and the thermal,
 * performance and CMCI entries exit: they name other CPUs or can make an NMI, SMI or INIT. */
static const struct pass x2apic[] = {
	{MSR_IA32_X2APIC_VERSION, 1, MSR_PASS_READ},
	{MSR_IA32_X2APIC_TPR, 1, MSR_PASS_BOTH},
	{MSR_IA32_X2APIC_PPR, 1, MSR_PASS_READ},
	{MSR_IA32_X2APIC_EOI, 1, MSR_PASS_WRITE},
	{MSR_IA32_X2APIC_SIVR, 1, MSR_PASS_BOTH},
	{MSR_IA32_X2APIC_ISR0, 24, MSR_PASS_READ}, /* ISR, TMR, IRR */
	{MSR_IA32_X2APIC_ESR, 1, MSR_PASS_BOTH},
	{MSR_IA32_X2APIC_LVT_TIMER, 1, MSR_PASS_BOTH},
	{MSR_IA32_X2APIC_LVT_ERROR, 1, MSR_PASS_BOTH},
	{MSR_IA32_X2APIC_INIT_COUNT, 1, MSR_PASS_BOTH},
	{MSR_IA32_X2APIC_CUR_COUNT, 1, MSR_PASS_READ},
	{MSR_IA32_X2APIC_DIV_CONF, 1, MSR_PASS_BOTH},
	{MSR_IA32_X2APIC_SELF_IPI, 1, MSR_PASS_WRITE},
};

static void pass_list(uint8_t *bitmap, msr_pass_one *pass, const struct pass *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (uint32_t n = 0; n < list[i].count; n++) {
			pass(bitmap, list[i].first + n, list[i].what);
		}
	}
}

void msr_pass_fill(uint8_t *bitmap, msr_pass_one *pass, const struct msr_pass_features *features,
		   bool is_x2apic)
{
	pass_list(bitmap, pass, always, ARRAY_COUNT(always));
	if (is_x2apic) {
		pass_list(bitmap, pass, x2apic, ARRAY_COUNT(x2apic));
	}
	if (features->has_tsc_deadline) {
		pass(bitmap, MSR_IA32_TSC_DEADLINE, MSR_PASS_BOTH);
	}
	if (features->has_tsc_aux) {
		pass(bitmap, MSR_IA32_TSC_AUX, MSR_PASS_BOTH);
	}
	if (features->has_spec_ctrl) {
		pass(bitmap, MSR_IA32_SPEC_CTRL, MSR_PASS_BOTH);
	}
	if (features->has_pred_cmd) {
		pass(bitmap, MSR_IA32_PRED_CMD, MSR_PASS_WRITE);
	}
}
