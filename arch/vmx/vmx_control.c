/* SPDX-License-Identifier: Apache-2.0 */
/* Computes the VM-execution, exit and entry controls from the capability MSRs. Pure. */
#include "vmx.h"

enum group {
	GROUP_PIN,
	GROUP_PROCESSOR,
	GROUP_SECONDARY,
	GROUP_EXIT,
	GROUP_ENTRY,
	GROUP_COUNT,
};

/* How the hypervisor wants a control; everything not listed stays as the CPU demands. */
enum wish {
	WISH_ON,     /* must be 1 */
	WISH_OFF,    /* must be 0, and the CPU must allow that */
	WISH_BOTH,   /* 0 at first, but the CPU must allow 1 */
	WISH_IF_ANY, /* 1 where the CPU has it */
};

struct need {
	enum group group;
	enum wish wish;
	uint32_t bit;
	const char *why; /* when it cannot be had */
};

static const struct need needs[] = {
	{GROUP_PIN, WISH_OFF, PIN_EXTERNAL_INTERRUPT_EXITING,
	 "VT-x: external-interrupt exiting is forced"},
	{GROUP_PIN, WISH_ON, PIN_NMI_EXITING, "VT-x without NMI exiting"},
	{GROUP_PIN, WISH_ON, PIN_VIRTUAL_NMIS, "VT-x without virtual NMIs"},
	{GROUP_PIN, WISH_BOTH, PIN_PREEMPTION_TIMER, "VT-x without the VMX-preemption timer"},
	{GROUP_PROCESSOR, WISH_ON, PROCESSOR_SECONDARY, "VT-x without secondary controls"},
	{GROUP_PROCESSOR, WISH_ON, PROCESSOR_MSR_BITMAPS, "VT-x without MSR bitmaps"},
	{GROUP_PROCESSOR, WISH_ON, PROCESSOR_IO_BITMAPS, "VT-x without I/O bitmaps"},
	{GROUP_PROCESSOR, WISH_ON, PROCESSOR_RDPMC_EXITING, "VT-x without RDPMC exiting"},
	{GROUP_PROCESSOR, WISH_BOTH, PROCESSOR_NMI_WINDOW_EXITING,
	 "VT-x without NMI-window exiting"},
	{GROUP_PROCESSOR, WISH_OFF, PROCESSOR_HLT_EXITING, "VT-x: HLT exiting is forced"},
	{GROUP_PROCESSOR, WISH_OFF, PROCESSOR_INVLPG_EXITING, "VT-x: INVLPG exiting is forced"},
	{GROUP_PROCESSOR, WISH_ON, PROCESSOR_MWAIT_EXITING, "VT-x without MWAIT exiting"},
	{GROUP_PROCESSOR, WISH_ON, PROCESSOR_MONITOR_EXITING, "VT-x without MONITOR exiting"},
	{GROUP_PROCESSOR, WISH_OFF, PROCESSOR_CR3_LOAD_EXITING, "VT-x: CR3-load exiting is forced"},
	{GROUP_PROCESSOR, WISH_OFF, PROCESSOR_CR3_STORE_EXITING,
	 "VT-x: CR3-store exiting is forced"},
	{GROUP_SECONDARY, WISH_ON, SECONDARY_EPT, "VT-x without extended page tables (EPT)"},
	{GROUP_SECONDARY, WISH_ON, SECONDARY_UNRESTRICTED_GUEST, "VT-x without unrestricted guest"},
	{GROUP_SECONDARY, WISH_IF_ANY, SECONDARY_VPID, NULL},
	{GROUP_SECONDARY, WISH_IF_ANY, SECONDARY_RDTSCP, NULL},
	{GROUP_SECONDARY, WISH_IF_ANY, SECONDARY_INVPCID, NULL},
	{GROUP_SECONDARY, WISH_IF_ANY, SECONDARY_XSAVES, NULL},
	{GROUP_SECONDARY, WISH_IF_ANY, SECONDARY_WBINVD_EXITING, NULL},
	{GROUP_SECONDARY, WISH_IF_ANY, SECONDARY_ENCLS_EXITING, NULL},
	{GROUP_EXIT, WISH_ON, EXIT_SAVE_DEBUG, "VT-x without saving of debug controls"},
	{GROUP_EXIT, WISH_ON, EXIT_HOST_64BIT, "VT-x without a 64-bit host"},
	{GROUP_EXIT, WISH_ON, EXIT_SAVE_PAT, "VT-x without saving of IA32_PAT"},
	{GROUP_EXIT, WISH_ON, EXIT_LOAD_PAT, "VT-x without loading of IA32_PAT"},
	{GROUP_EXIT, WISH_ON, EXIT_SAVE_EFER, "VT-x without saving of IA32_EFER"},
	{GROUP_EXIT, WISH_ON, EXIT_LOAD_EFER, "VT-x without loading of IA32_EFER"},
	{GROUP_ENTRY, WISH_ON, ENTRY_LOAD_DEBUG, "VT-x without loading of debug controls"},
	{GROUP_ENTRY, WISH_BOTH, ENTRY_IA32E_GUEST, "VT-x without 64-bit guests"},
	{GROUP_ENTRY, WISH_ON, ENTRY_LOAD_PAT, "VT-x without loading of IA32_PAT"},
	{GROUP_ENTRY, WISH_ON, ENTRY_LOAD_EFER, "VT-x without loading of IA32_EFER"},
};

static bool is_met(const struct need *need, uint64_t capability)
{
	uint32_t required = low32(capability);
	uint32_t allowed = high32(capability);

	switch (need->wish) {
	case WISH_ON:
		return (allowed & need->bit) != 0;
	case WISH_OFF:
		return (required & need->bit) == 0;
	case WISH_BOTH:
		return (allowed & need->bit) != 0 && (required & need->bit) == 0;
	case WISH_IF_ANY:
		return true;
	}
	return false;
}

static bool is_ept_enough(uint64_t ept_vpid, const char **why)
{
	if ((ept_vpid & EPT_CAP_WALK_4) == 0) {
		*why = "EPT without 4-level tables";
		return false;
	}
	if ((ept_vpid & EPT_CAP_WRITE_BACK) == 0) {
		*why = "EPT without write-back paging structures";
		return false;
	}
	if ((ept_vpid & EPT_CAP_INVEPT) == 0 ||
	    (ept_vpid & (EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)) == 0) {
		*why = "EPT without INVEPT";
		return false;
	}
	return true;
}

/* A VPID whose translations cannot be dropped is worse than none. */
static bool is_vpid_usable(uint64_t ept_vpid)
{
	return (ept_vpid & VPID_CAP_INVVPID) != 0 &&
	       (ept_vpid & (VPID_CAP_SINGLE | VPID_CAP_ALL)) != 0;
}

bool vmx_control_choose(const struct vmx_capabilities *capabilities, struct vmx_controls *controls,
			const char **why)
{
	uint64_t capability[GROUP_COUNT] = {
		[GROUP_PIN] = capabilities->pin,
		[GROUP_PROCESSOR] = capabilities->processor,
		[GROUP_SECONDARY] = capabilities->secondary,
		[GROUP_EXIT] = capabilities->exit,
		[GROUP_ENTRY] = capabilities->entry,
	};
	uint32_t value[GROUP_COUNT];

	for (uint32_t i = 0; i < GROUP_COUNT; i++) {
		value[i] = low32(capability[i]);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(needs); i++) {
		const struct need *need = &needs[i];

		if (!is_met(need, capability[need->group])) {
			*why = need->why;
			return false;
		}
		if (need->wish == WISH_ON || need->wish == WISH_IF_ANY) {
			value[need->group] |= need->bit & high32(capability[need->group]);
		}
	}
	if (!is_ept_enough(capabilities->ept_vpid, why)) {
		return false;
	}
	if (!is_vpid_usable(capabilities->ept_vpid)) {
		value[GROUP_SECONDARY] &= ~SECONDARY_VPID;
	}
	*controls = (struct vmx_controls){
		.pin = value[GROUP_PIN],
		.processor = value[GROUP_PROCESSOR],
		.secondary = value[GROUP_SECONDARY],
		.exit = value[GROUP_EXIT],
		.entry = value[GROUP_ENTRY],
	};
	return true;
}
