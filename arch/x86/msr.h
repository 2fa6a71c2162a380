/* SPDX-License-Identifier: Apache-2.0 */
/* MSR numbers and their bits by manual name, and access to them. */
#pragma once

#include "bits.h"

#include <stdbool.h>
#include <stdint.h>

/* SDM 4, "Architectural MSRs". */
#define MSR_IA32_TSC 0x010u
#define MSR_IA32_PLATFORM_ID 0x017u
#define MSR_IA32_APIC_BASE 0x01bu
#define MSR_IA32_FEATURE_CONTROL 0x03au
#define MSR_IA32_TSC_ADJUST 0x03bu
#define MSR_IA32_SPEC_CTRL 0x048u
#define MSR_IA32_PRED_CMD 0x049u
#define MSR_IA32_BIOS_UPDT_TRIG 0x079u
#define MSR_IA32_BIOS_SIGN_ID 0x08bu
#define MSR_IA32_PMC0 0x0c1u
#define MSR_IA32_MTRRCAP 0x0feu
#define MSR_IA32_ARCH_CAPABILITIES 0x10au
#define MSR_IA32_FLUSH_CMD 0x10bu
#define MSR_IA32_TSX_CTRL 0x122u
#define MSR_IA32_SYSENTER_CS 0x174u
#define MSR_IA32_SYSENTER_ESP 0x175u
#define MSR_IA32_SYSENTER_EIP 0x176u
#define MSR_IA32_MCG_CAP 0x179u
#define MSR_IA32_MCG_STATUS 0x17au
#define MSR_IA32_MCG_CTL 0x17bu
#define MSR_IA32_PERFEVTSEL0 0x186u
#define MSR_IA32_PERF_STATUS 0x198u
#define MSR_IA32_PERF_CTL 0x199u
#define MSR_IA32_THERM_INTERRUPT 0x19bu
#define MSR_IA32_THERM_STATUS 0x19cu
#define MSR_IA32_MISC_ENABLE 0x1a0u
#define MSR_IA32_ENERGY_PERF_BIAS 0x1b0u
#define MSR_IA32_DEBUGCTL 0x1d9u
#define MSR_IA32_MTRR_PHYSBASE0 0x200u
#define MSR_IA32_MTRR_PHYSMASK0 0x201u
#define MSR_IA32_MTRR_FIX64K_00000 0x250u
#define MSR_IA32_MTRR_FIX16K_80000 0x258u
#define MSR_IA32_MTRR_FIX16K_A0000 0x259u
#define MSR_IA32_MTRR_FIX4K_C0000 0x268u
#define MSR_IA32_MTRR_FIX4K_F8000 0x26fu
#define MSR_IA32_PAT 0x277u
#define MSR_IA32_MTRR_DEF_TYPE 0x2ffu
#define MSR_IA32_FIXED_CTR0 0x309u
#define MSR_IA32_PERF_CAPABILITIES 0x345u
#define MSR_IA32_FIXED_CTR_CTRL 0x38du
#define MSR_IA32_PERF_GLOBAL_STATUS 0x38eu
#define MSR_IA32_PERF_GLOBAL_CTRL 0x38fu
#define MSR_IA32_MC0_CTL 0x400u
#define MSR_IA32_MC0_STATUS 0x401u
#define MSR_IA32_MC0_ADDR 0x402u
#define MSR_IA32_MC0_MISC 0x403u
#define MSR_IA32_MC_STRIDE 4u /* from one bank to the next */
#define MSR_IA32_RTIT_CTL 0x570u
#define MSR_IA32_DS_AREA 0x600u
#define MSR_IA32_TSC_DEADLINE 0x6e0u
#define MSR_IA32_X2APIC_BASE 0x800u /* + xAPIC register offset / 16 */
#define MSR_IA32_X2APIC_LAST 0x8ffu
#define MSR_IA32_X2APIC_APICID 0x802u
#define MSR_IA32_X2APIC_VERSION 0x803u
#define MSR_IA32_X2APIC_TPR 0x808u
#define MSR_IA32_X2APIC_PPR 0x80au
#define MSR_IA32_X2APIC_EOI 0x80bu
#define MSR_IA32_X2APIC_LDR 0x80du
#define MSR_IA32_X2APIC_SIVR 0x80fu
#define MSR_IA32_X2APIC_ISR0 0x810u
#define MSR_IA32_X2APIC_TMR0 0x818u
#define MSR_IA32_X2APIC_IRR0 0x820u
#define MSR_IA32_X2APIC_ESR 0x828u
#define MSR_IA32_X2APIC_LVT_CMCI 0x82fu
#define MSR_IA32_X2APIC_ICR 0x830u
#define MSR_IA32_X2APIC_LVT_TIMER 0x832u
#define MSR_IA32_X2APIC_LVT_THERMAL 0x833u
#define MSR_IA32_X2APIC_LVT_PMI 0x834u
#define MSR_IA32_X2APIC_LVT_LINT0 0x835u
#define MSR_IA32_X2APIC_LVT_LINT1 0x836u
#define MSR_IA32_X2APIC_LVT_ERROR 0x837u
#define MSR_IA32_X2APIC_INIT_COUNT 0x838u
#define MSR_IA32_X2APIC_CUR_COUNT 0x839u
#define MSR_IA32_X2APIC_DIV_CONF 0x83eu
#define MSR_IA32_X2APIC_SELF_IPI 0x83fu
#define MSR_IA32_XSS 0xda0u
#define MSR_IA32_EFER 0xc0000080u
#define MSR_IA32_STAR 0xc0000081u
#define MSR_IA32_LSTAR 0xc0000082u
#define MSR_IA32_CSTAR 0xc0000083u
#define MSR_IA32_FMASK 0xc0000084u
#define MSR_IA32_FS_BASE 0xc0000100u
#define MSR_IA32_GS_BASE 0xc0000101u
#define MSR_IA32_KERNEL_GS_BASE 0xc0000102u
#define MSR_IA32_TSC_AUX 0xc0000103u

#define APIC_BASE_BSP BIT(8)
#define APIC_BASE_EXTD BIT(10) /* x2APIC mode */
#define APIC_BASE_EN BIT(11)
#define APIC_BASE_ADDRESS MASK64(51, 12)

#define FEATURE_CONTROL_LOCK BIT(0)
#define FEATURE_CONTROL_VMX_IN_SMX BIT(1)
#define FEATURE_CONTROL_VMX_OUTSIDE_SMX BIT(2)

#define MISC_ENABLE_FAST_STRING BIT(0)
#define MISC_ENABLE_BTS_UNAVAILABLE BIT(11)
#define MISC_ENABLE_PEBS_UNAVAILABLE BIT(12)
#define MISC_ENABLE_MWAIT BIT(18)
#define MISC_ENABLE_LIMIT_CPUID BIT(22)

#define MTRR_DEF_TYPE_TYPE MASK64(7, 0)
#define MTRR_DEF_TYPE_FE BIT(10)
#define MTRR_DEF_TYPE_E BIT(11)

#define MCG_CAP_COUNT MASK64(7, 0)
#define MCG_CAP_CTL BIT(8)
#define MC_STATUS_ADDRV BIT(58)
#define MC_STATUS_MISCV BIT(59)
#define MC_STATUS_VAL BIT(63)

#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)
#define EFER_SVME BIT(12)
#define EFER_LMSLE BIT(13)
#define EFER_FFXSR BIT(14)
#define EFER_TCE BIT(15)

/* SDM 3C, Appendix A, "VMX Capability Reporting Facility". */
#define MSR_IA32_VMX_BASIC 0x480u
#define MSR_IA32_VMX_PINBASED_CTLS 0x481u
#define MSR_IA32_VMX_PROCBASED_CTLS 0x482u
#define MSR_IA32_VMX_EXIT_CTLS 0x483u
#define MSR_IA32_VMX_ENTRY_CTLS 0x484u
#define MSR_IA32_VMX_MISC 0x485u
#define MSR_IA32_VMX_CR0_FIXED0 0x486u
#define MSR_IA32_VMX_CR0_FIXED1 0x487u
#define MSR_IA32_VMX_CR4_FIXED0 0x488u
#define MSR_IA32_VMX_CR4_FIXED1 0x489u
#define MSR_IA32_VMX_VMCS_ENUM 0x48au
#define MSR_IA32_VMX_PROCBASED_CTLS2 0x48bu
#define MSR_IA32_VMX_EPT_VPID_CAP 0x48cu
#define MSR_IA32_VMX_TRUE_PINBASED_CTLS 0x48du
#define MSR_IA32_VMX_TRUE_PROCBASED_CTLS 0x48eu
#define MSR_IA32_VMX_TRUE_EXIT_CTLS 0x48fu
#define MSR_IA32_VMX_TRUE_ENTRY_CTLS 0x490u
#define MSR_IA32_VMX_VMFUNC 0x491u
#define MSR_IA32_VMX_PROCBASED_CTLS3 0x492u

/* APM 2, Appendix A, "MSR Cross-Reference". */
#define MSR_SYSCFG 0xc0010010u
#define MSR_HWCR 0xc0010015u
#define MSR_PATCH_LOADER 0xc0010020u
#define MSR_TSC_RATIO 0xc0000104u
#define MSR_VM_CR 0xc0010114u
#define MSR_VM_IGNNE 0xc0010115u
#define MSR_VM_HSAVE_PA 0xc0010117u
#define MSR_SVM_KEY 0xc0010118u
#define MSR_VIRT_SPEC_CTRL 0xc001011fu
#define MSR_DE_CFG 0xc0011029u

#define VM_CR_DPD BIT(0)
#define VM_CR_R_INIT BIT(1)
#define VM_CR_DIS_A20M BIT(2)
#define VM_CR_LOCK BIT(3)
#define VM_CR_SVMDIS BIT(4)

#define HWCR_TSC_FREQ_SEL BIT(24)

/* Numbers agreed between hypervisors and guests: Linux, "KVM-specific MSRs". */
#define MSR_KVM_WALL_CLOCK 0x11u
#define MSR_KVM_SYSTEM_TIME 0x12u
#define MSR_KVM_WALL_CLOCK_NEW 0x4b564d00u
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01u

/* PAT memory types (SDM 3A, "IA32_PAT MSR"). */
#define PAT_UC UINT64_C(0)
#define PAT_WC UINT64_C(1)
#define PAT_WT UINT64_C(4)
#define PAT_WP UINT64_C(5)
#define PAT_WB UINT64_C(6)
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
