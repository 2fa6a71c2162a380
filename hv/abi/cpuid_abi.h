/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUID shows to guests, as the loader prepares it, and the manual's names that both need. */
#pragma once

#include <stddef.h>

#include "bits.h"

/* CPUID leaves (SDM 2A, "CPUID - CPU Identification"; APM 3, Appendix E). */
#define CPUID_FEATURES          0x1u
#define CPUID_EXTENDED_FEATURES 0x7u
#define CPUID_TOPOLOGY          0xbu
#define CPUID_XSAVE             0xdu
#define CPUID_TOPOLOGY_V2       0x1fu
#define CPUID_HYPERVISOR        0x40000000u
#define CPUID_EXTENDED          0x80000000u
#define CPUID_ADDRESS_SIZES     0x80000008u
#define CPUID_CACHE_AMD         0x8000001du

#define CPUID_1_ECX_X2APIC       BIT32(21)
#define CPUID_1_ECX_TSC_DEADLINE BIT32(24)

#define CPUID_1_EDX_MCA BIT32(14)

#define CPUID_D1_EAX_XSAVEC BIT32(1)
#define CPUID_D1_EAX_XSAVES BIT32(3)

#define CPUID_EXT1_ECX_TOPOEXT BIT32(22)

/* Leaf 0xD. */
#define XSAVE_HEADER_END      576u /* legacy area and header (SDM 1, "XSAVE Area") */
#define XSAVE_FIRST_EXTENDED  2u
#define XSAVE_SUBLEAF_COUNT   19u
#define XSAVE_SUBLEAF_ALIGNED BIT32(1) /* ECX: 64-byte aligned in the compacted form */

/* SDM 3A, "Control Registers". */
#define CR4_PSE     BIT(4)
#define CR4_PAE     BIT(5)
#define CR4_MCE     BIT(6)
#define CR4_PGE     BIT(7)
#define CR4_OSFXSR  BIT(9)
#define CR4_VMXE    BIT(13)
#define CR4_SMXE    BIT(14)
#define CR4_PCIDE   BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP    BIT(20)
#define CR4_SMAP    BIT(21)
#define CR4_PKE     BIT(22)

#define EFER_SCE  BIT(0)
#define EFER_LME  BIT(8)
#define EFER_LMA  BIT(10)
#define EFER_NXE  BIT(11)
#define EFER_SVME BIT(12)

/* SDM 1, "XCR0 and XSAVE-supported features". */
#define XCR0_X87       BIT(0)
#define XCR0_SSE       BIT(1)
#define XCR0_AVX       BIT(2)
#define XCR0_OPMASK    BIT(5)
#define XCR0_ZMM_HI256 BIT(6)
#define XCR0_HI16_ZMM  BIT(7)

struct cpuid_regs {
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
};

struct cpuid_subleaf {
	uint32_t leaf;
	uint32_t subleaf;
	struct cpuid_regs regs;
};

#define GUEST_CPUID_BASIC_COUNT      0x20u
#define GUEST_CPUID_EXTENDED_COUNT   0x22u
#define GUEST_CPUID_HYPERVISOR_COUNT 2u
#define GUEST_CPUID_SUBLEAF_MAX      15u

/*
 * The answers to a partition with a certain number of vCPUs. Sub-leaf 0 lies in the arrays; other
 * sub-leaves, and the hypervisor's leaves from 0x40000100 on, in the list.
 */
struct guest_cpuid {
	struct cpuid_regs basic[GUEST_CPUID_BASIC_COUNT];
	struct cpuid_regs hypervisor[GUEST_CPUID_HYPERVISOR_COUNT]; /* 0x40000000, 0x40000001 */
	struct cpuid_regs extended[GUEST_CPUID_EXTENDED_COUNT];
	struct cpuid_regs xsave[XSAVE_SUBLEAF_COUNT]; /* sub-leaves of leaf 0xD */
	struct cpuid_subleaf subleaf[GUEST_CPUID_SUBLEAF_MAX];
	uint32_t subleaf_count;
	uint32_t plain; /* bit n: basic leaf n has one answer, whatever ECX says and whoever asks */
	uint32_t basic_max;
	uint32_t extended_max;
	uint32_t is_amd;
	uint32_t reserved;
	uint64_t cr4_allowed; /* bits the guest may set, from what it is shown */
	uint64_t efer_allowed;
	uint64_t xcr0_allowed; /* 0: no XSAVE */
};
_Static_assert(sizeof(struct guest_cpuid) == 1800, "made by the loader");
_Static_assert(offsetof(struct guest_cpuid, subleaf_count) == 1752, "made by the loader");
