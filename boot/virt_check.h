/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a CPU's virtualization suffices, from what it says of itself. Pure. */
#pragma once

#include "status.h"

#include <stdint.h>

/* Registers as read; 0 for what the CPU does not have. */
struct virt_facts {
	uint32_t cpuid_1_ecx;
	uint32_t cpuid_80000001_ecx;
	uint32_t cpuid_8000000a_edx;
	uint32_t reserved;
	uint64_t feature_control; /* IA32_FEATURE_CONTROL */
	uint64_t procbased;       /* IA32_VMX_PROCBASED_CTLS */
	uint64_t procbased2;      /* IA32_VMX_PROCBASED_CTLS2 */
	uint64_t vm_cr;           /* VM_CR */
};

/* SDM 2A, "CPUID", and APM 3, "Obtaining Processor Information Via the CPUID Instruction". */
#define CPUID_1_ECX_VMX        0x00000020u
#define CPUID_80000001_ECX_SVM 0x00000004u
#define CPUID_8000000A_EDX_NP  0x00000001u
/* SDM 4, "IA-32 Architectural MSRs". */
#define FEATURE_CONTROL_LOCK    0x00000001u
#define FEATURE_CONTROL_VMXON   0x00000004u /* outside SMX */
#define PROCBASED_SECONDARY     UINT64_C(0x8000000000000000)
#define PROCBASED2_EPT          UINT64_C(0x0000000200000000)
#define PROCBASED2_UNRESTRICTED UINT64_C(0x0000008000000000)
/* APM 2, "VM_CR MSR". */
#define VM_CR_SVMDIS 0x00000010u

/* HV_UNSUPPORTED: `reason` names the bit, `remedy` says where it is switched on. */
MUST_CHECK enum hv_status virt_check(const struct virt_facts *facts, const char **reason,
				     const char **remedy);
