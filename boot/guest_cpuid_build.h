/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUID shows to a guest: an allow-list over the host's leaves. Pure. */
#pragma once

#include "cpuid_abi.h"

#include <stdbool.h>

/* CPUID leaves and bits (SDM 2A, "CPUID - CPU Identification"; APM 3, Appendix E). */
#define CPUID_VENDOR                  0x0u
#define CPUID_KVM_TIMING              0x40000010u
#define CPUID_EXTENDED_SIGNATURE      0x80000001u
#define CPUID_1_ECX_PCID              BIT32(17)
#define CPUID_7_EBX_INVPCID           BIT32(10)
#define CPUID_7_ECX_WAITPKG           BIT32(5)
#define CPUID_7_ECX_RDPID             BIT32(22)
#define CPUID_7_EDX_SPEC_CTRL         BIT32(26)
#define CPUID_7_EDX_ARCH_CAPABILITIES BIT32(29)
#define CPUID_EXT1_EDX_NX             BIT32(20)
#define CPUID_EXT1_EDX_PAGE1GB        BIT32(26)
#define CPUID_EXT1_EDX_RDTSCP         BIT32(27)
#define CPUID_1_ECX_XSAVE             BIT32(26)
#define CPUID_1_EDX_MCE               BIT32(7)
#define CPUID_7_EBX_SMEP              BIT32(7)
#define CPUID_7_EBX_SMAP              BIT32(20)
#define CPUID_7_ECX_UMIP              BIT32(2)
#define CR4_OSXMMEXCPT                BIT(10)
#define CR4_UMIP                      BIT(11)
/* What needs SPEC_CTRL or PRED_CMD; in leaf 7 also STIBP and SSBD. */
#define CPUID_7_EDX_SPECULATION    (CPUID_7_EDX_SPEC_CTRL | BIT32(27) | BIT32(31))
#define CPUID_EXT8_EBX_SPECULATION 0x510fd000u

#define CR4_LA57 BIT(12)

/* Reads one leaf of the host (or of a recorded CPU). */
typedef struct cpuid_regs guest_cpuid_host(const void *context, uint32_t leaf, uint32_t subleaf);

/*
 * What the backend can let a guest use beyond what always works (SDM 3C, "Secondary Processor-Based
 * VM-Execution Controls": RDTSCP, INVPCID, XSAVES and others are #UD unless their control is 1).
 */
struct guest_features {
	bool has_rdtscp; /* also RDPID; TSC_AUX */
	bool has_invpcid;
	bool has_pcid; /* VMX: VPID in use; SVM: always */
	bool has_xsavec;
	bool has_xsaves; /* XSAVES runs in the guest and IA32_XSS stays 0 */
	bool has_waitpkg;
	bool has_spec_ctrl; /* SPEC_CTRL and PRED_CMD reach the CPU, or exit and are passed on */
};

/* The table of partitions with `vcpu_count` (1 to 255) vCPUs. What not every CPU virtualizes is
 * shown; guest_cpuid_hide() takes it out. */
void guest_cpuid_build(struct guest_cpuid *table, guest_cpuid_host *host, const void *context,
		       uint32_t vcpu_count);

/* Takes out what the backend does not let a guest use. */
void guest_cpuid_hide(struct guest_cpuid *table, const struct guest_features *features);

/* Adds the leaf with the frequencies of the TSC and the local APIC timer; 0 = not known. */
void guest_cpuid_time(struct guest_cpuid *table, uint64_t tsc_hz, uint64_t apic_timer_hz);
