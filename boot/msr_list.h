/* SPDX-License-Identifier: Apache-2.0 */
/* What the MSRs that exit are to guests on this machine. Pure. */
#pragma once

#include "virt_abi.h"

#include <stdbool.h>

/* SDM 4, "Architectural MSRs"; for AMD APM 2, Appendix A, "MSR Cross-Reference", and the
 * processor's PPR. */
#define MSR_IA32_PLATFORM_ID       0x017u
#define MSR_IA32_BIOS_UPDT_TRIG    0x079u
#define MSR_IA32_BIOS_SIGN_ID      0x08bu
#define MSR_IA32_MTRRCAP           0x0feu
#define MSR_IA32_ARCH_CAPABILITIES 0x10au
#define MSR_IA32_MISC_ENABLE       0x1a0u
#define MSR_IA32_DEBUGCTL          0x1d9u
#define MSR_SYSCFG                 0xc0010010u
#define MSR_HWCR                   0xc0010015u
#define MSR_PATCH_LOADER           0xc0010020u
#define MSR_DE_CFG                 0xc0011029u

#define MISC_ENABLE_FAST_STRING      BIT(0)
#define MISC_ENABLE_BTS_UNAVAILABLE  BIT(11)
#define MISC_ENABLE_PEBS_UNAVAILABLE BIT(12)

#define HWCR_TSC_FREQ_SEL BIT(24)

#define VM_CR_LOCK   BIT(3)
#define VM_CR_SVMDIS BIT(4)

/* What the list depends on. */
struct msr_list_facts {
	bool is_amd;
	bool has_arch_capabilities;
	bool has_spec_ctrl;
	bool has_xsaves;
};

/* Fills `msrs`, which has room for BOOT_MSR_MAX; returns how many there are. */
uint32_t msr_list_fill(struct boot_msr *msrs, const struct msr_list_facts *facts);
