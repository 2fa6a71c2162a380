/* SPDX-License-Identifier: Apache-2.0 */
/* MSR numbers and their bits by manual name, and access to them. */
#pragma once

#include "bits.h"
#include "cpuid_abi.h"

/* SDM 4, "Architectural MSRs". */
#define MSR_IA32_TSC             0x010u
#define MSR_IA32_APIC_BASE       0x01bu
#define MSR_IA32_FEATURE_CONTROL 0x03au
#define MSR_IA32_SPEC_CTRL       0x048u
#define MSR_IA32_PRED_CMD        0x049u
#define MSR_IA32_FLUSH_CMD       0x10bu
#define MSR_IA32_MCG_CAP         0x179u
#define MSR_IA32_MCG_STATUS      0x17au
#define MSR_IA32_MCG_CTL         0x17bu
#define MSR_IA32_PAT             0x277u
#define MSR_IA32_MTRR_DEF_TYPE   0x2ffu
#define MSR_IA32_MC0_CTL         0x400u
#define MSR_IA32_MC0_STATUS      0x401u
#define MSR_IA32_MC0_ADDR        0x402u
#define MSR_IA32_MC_STRIDE       4u /* from one bank to the next */
#define MSR_IA32_TSC_DEADLINE    0x6e0u
#define MSR_IA32_X2APIC_BASE     0x800u /* + xAPIC register offset / 16 */
#define MSR_IA32_X2APIC_LAST     0x8ffu
#define MSR_IA32_X2APIC_ICR      0x830u
#define MSR_IA32_XSS             0xda0u
#define MSR_IA32_EFER            0xc0000080u
#define MSR_IA32_STAR            0xc0000081u
#define MSR_IA32_LSTAR           0xc0000082u
#define MSR_IA32_CSTAR           0xc0000083u
#define MSR_IA32_FMASK           0xc0000084u
#define MSR_IA32_GS_BASE         0xc0000101u
#define MSR_IA32_KERNEL_GS_BASE  0xc0000102u
#define MSR_IA32_TSC_AUX         0xc0000103u

#define APIC_BASE_EXTD BIT(10) /* x2APIC mode */
#define APIC_BASE_EN   BIT(11)

#define FEATURE_CONTROL_LOCK            BIT(0)
#define FEATURE_CONTROL_VMX_OUTSIDE_SMX BIT(2)

#define DEBUGCTL_BTF BIT(1)

#define MTRR_DEF_TYPE_TYPE MASK64(7, 0)
#define MTRR_DEF_TYPE_FE   BIT(10)
#define MTRR_DEF_TYPE_E    BIT(11)

#define MCG_CAP_COUNT   MASK64(7, 0)
#define MCG_CAP_CTL     BIT(8)
#define MC_STATUS_ADDRV BIT(58)
#define MC_STATUS_VAL   BIT(63)

/* APM 2, Appendix A, "MSR Cross-Reference". */
#define MSR_VM_CR       0xc0010114u
#define MSR_VM_HSAVE_PA 0xc0010117u

#define VM_CR_SVMDIS BIT(4)

/* Numbers agreed between hypervisors and guests: Linux, "KVM-specific MSRs". */
#define MSR_KVM_WALL_CLOCK_NEW  0x4b564d00u
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01u

/* PAT memory types (SDM 3A, "IA32_PAT MSR"). */
#define PAT_WC       UINT64_C(1)
#define PAT_WB       UINT64_C(6)
#define PAT_UC_MINUS UINT64_C(7)
#define PAT_POWER_ON UINT64_C(0x0007040600070406)

static inline uint64_t msr_read(uint32_t number)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number) : "memory");
	return join32(high, low);
}

static inline void msr_write(uint32_t number, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(number), "a"(low32(value)), "d"(high32(value)) : "memory");
}

/* For MSRs that may not exist or may refuse the value: false on #GP. In trap_stubs.asm. */
bool msr_read_safe(uint32_t number, uint64_t *value);
bool msr_write_safe(uint32_t number, uint64_t value);
