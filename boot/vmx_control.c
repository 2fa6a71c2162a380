/* SPDX-License-Identifier: Apache-2.0 */
/* Computes the VM-execution, exit and entry controls from the capability MSRs. Pure. */
#include "vmx_control.h"

#include "str.h"

/* How the hypervisor wants a control; everything not listed stays as the CPU demands. */
#define MAY_BE_1 1u /* needed: the CPU must allow 1 */
#define MAY_BE_0 2u /* needed: the CPU must allow 0 */
#define SET      4u /* 1 where the CPU allows it; without SET as the CPU demands */
#define ON       (MAY_BE_1 | SET)
#define OFF      MAY_BE_0
#define BOTH     (MAY_BE_1 | MAY_BE_0)

struct need {
	enum vmx_controls group;
	uint32_t wish;
	uint32_t bit;
	const char *why; /* when it cannot be had */
};

static const struct need needs[] = {
	{VMX_PIN, OFF, PIN_EXTERNAL_INTERRUPT_EXITING, "VT-x: external-interrupt exiting forced"},
	{VMX_PIN, ON, PIN_NMI_EXITING, "VT-x without NMI exiting"},
	{VMX_PIN, ON, PIN_VIRTUAL_NMIS, "VT-x without virtual NMIs"},
	{VMX_PIN, BOTH, PIN_PREEMPTION_TIMER, "VT-x without the VMX-preemption timer"},
	{VMX_PROCESSOR, ON, PROCESSOR_SECONDARY, "VT-x without secondary controls"},
	{VMX_PROCESSOR, ON, PROCESSOR_MSR_BITMAPS, "VT-x without MSR bitmaps"},
	{VMX_PROCESSOR, ON, PROCESSOR_IO_BITMAPS, "VT-x without I/O bitmaps"},
	{VMX_PROCESSOR, ON, PROCESSOR_RDPMC_EXITING, "VT-x without RDPMC exiting"},
	{VMX_PROCESSOR, BOTH, PROCESSOR_NMI_WINDOW_EXITING, "VT-x without NMI-window exiting"},
	{VMX_PROCESSOR, OFF, PROCESSOR_HLT_EXITING, "VT-x: HLT exiting forced"},
	{VMX_PROCESSOR, OFF, PROCESSOR_INVLPG_EXITING, "VT-x: INVLPG exiting forced"},
	{VMX_PROCESSOR, ON, PROCESSOR_MWAIT_EXITING, "VT-x without MWAIT exiting"},
	{VMX_PROCESSOR, ON, PROCESSOR_MONITOR_EXITING, "VT-x without MONITOR exiting"},
	{VMX_PROCESSOR, OFF, PROCESSOR_CR3_LOAD_EXITING, "VT-x: CR3-load exiting forced"},
	{VMX_PROCESSOR, OFF, PROCESSOR_CR3_STORE_EXITING, "VT-x: CR3-store exiting forced"},
	{VMX_SECONDARY, ON, SECONDARY_EPT, "VT-x without extended page tables (EPT)"},
	{VMX_SECONDARY, ON, SECONDARY_UNRESTRICTED_GUEST, "VT-x without unrestricted guest"},
	{VMX_SECONDARY, SET, SECONDARY_VPID, NULL},
	{VMX_SECONDARY, SET, SECONDARY_RDTSCP, NULL},
	{VMX_SECONDARY, SET, SECONDARY_INVPCID, NULL},
	{VMX_SECONDARY, SET, SECONDARY_XSAVES, NULL},
	{VMX_SECONDARY, SET, SECONDARY_WBINVD_EXITING, NULL},
	{VMX_SECONDARY, SET, SECONDARY_ENCLS_EXITING, NULL},
	{VMX_EXIT, ON, EXIT_SAVE_DEBUG, "VT-x without saving of debug controls"},
	{VMX_EXIT, ON, EXIT_HOST_64BIT, "VT-x without a 64-bit host"},
	{VMX_EXIT, ON, EXIT_SAVE_PAT, "VT-x without saving of IA32_PAT"},
	{VMX_EXIT, ON, EXIT_LOAD_PAT, "VT-x without loading of IA32_PAT"},
	{VMX_EXIT, ON, EXIT_SAVE_EFER, "VT-x without saving of IA32_EFER"},
	{VMX_EXIT, ON, EXIT_LOAD_EFER, "VT-x without loading of IA32_EFER"},
	{VMX_ENTRY, ON, ENTRY_LOAD_DEBUG, "VT-x without loading of debug controls"},
	{VMX_ENTRY, BOTH, ENTRY_IA32E_GUEST, "VT-x without 64-bit guests"},
	{VMX_ENTRY, ON, ENTRY_LOAD_PAT, "VT-x without loading of IA32_PAT"},
	{VMX_ENTRY, ON, ENTRY_LOAD_EFER, "VT-x without loading of IA32_EFER"},
};

/* Of IA32_VMX_BASIC and IA32_VMX_EPT_VPID_CAP. */
static const struct {
	uint64_t basic;
	uint64_t ept;
	const char *why;
} capabilities_needed[] = {
	{VMX_BASIC_INS_OUTS, 0, "VT-x without information on INS and OUTS"},
	{VMX_BASIC_WRITE_BACK, 0, "VT-x without write-back VMCS"},
	{0, EPT_CAP_WALK_4, "EPT without 4-level tables"},
	{0, EPT_CAP_WRITE_BACK, "EPT without write-back paging structures"},
	{0, EPT_CAP_INVEPT | EPT_CAP_INVEPT_ALL, "EPT without INVEPT"},
};

static bool is_met(const struct need *need, uint64_t capability)
{
	return ((need->wish & MAY_BE_1) == 0 || (high32(capability) & need->bit) != 0) &&
	       ((need->wish & MAY_BE_0) == 0 || (low32(capability) & need->bit) == 0);
}

static bool is_enough(const struct vmx_capabilities *has, const char **why)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(capabilities_needed); i++) {
		if ((capabilities_needed[i].basic & ~has->basic) != 0 ||
		    (capabilities_needed[i].ept & ~has->ept_vpid) != 0) {
			*why = capabilities_needed[i].why;
			return false;
		}
	}
	return true;
}

bool vmx_control_choose(const struct vmx_capabilities *capabilities, uint32_t *controls,
			const char **why)
{
	uint32_t value[VMX_CONTROLS_COUNT];

	for (uint32_t i = 0; i < VMX_CONTROLS_COUNT; i++) {
		value[i] = low32(capabilities->controls[i]);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(needs); i++) {
		const struct need *need = &needs[i];
		uint64_t capability = capabilities->controls[need->group];

		if (!is_met(need, capability)) {
			*why = need->why;
			return false;
		}
		if ((need->wish & SET) != 0) {
			value[need->group] |= need->bit & high32(capability);
		}
	}
	/* A VPID whose translations cannot be dropped is worse than none. */
	if ((~capabilities->ept_vpid & VPID_CAP_USABLE) != 0) {
		value[VMX_SECONDARY] &= ~SECONDARY_VPID;
	}
	if (!is_enough(capabilities, why)) {
		return false;
	}
	memcpy(controls, value, sizeof(value));
	return true;
}

uint8_t vmx_control_max_leaf(uint64_t ept_vpid)
{
	if ((ept_vpid & EPT_CAP_2M) == 0) {
		return 1;
	}
	return (ept_vpid & EPT_CAP_1G) != 0 ? 3 : 2;
}
