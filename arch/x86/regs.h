/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers, RFLAGS, CPUID and exceptions by manual name, and the instructions for them. */
#pragma once

#include "bits.h"
#include "cpuid_abi.h"

/* SDM 3A, "Control Registers". */
#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)

#define CR3_ADDRESS  MASK64(51, 12)
#define CR3_NO_FLUSH BIT(63)

/* SDM 1, "EFLAGS Register". */
#define RFLAGS_CF    BIT(0)
#define RFLAGS_FIXED BIT(1) /* reads as 1 */
#define RFLAGS_PF    BIT(2)
#define RFLAGS_AF    BIT(4)
#define RFLAGS_ZF    BIT(6)
#define RFLAGS_SF    BIT(7)
#define RFLAGS_TF    BIT(8)
#define RFLAGS_DF    BIT(10)
#define RFLAGS_OF    BIT(11)
#define RFLAGS_RF    BIT(16)
#define RFLAGS_AC    BIT(18)

/* SDM 3B, "Debug Registers". */
#define DR6_INIT  UINT64_C(0xffff0ff0)
#define DR6_B0_B3 MASK64(3, 0)
#define DR6_BD    BIT(13)
#define DR6_BS    BIT(14)
#define DR7_INIT  UINT64_C(0x400)
#define DR7_GD    BIT(13)

/* SDM 3A, "Exception and Interrupt Reference". */
#define EXCEPTION_DE    0u
#define EXCEPTION_DB    1u
#define EXCEPTION_NMI   2u
#define EXCEPTION_BP    3u
#define EXCEPTION_OF    4u
#define EXCEPTION_UD    6u
#define EXCEPTION_DF    8u
#define EXCEPTION_TS    10u
#define EXCEPTION_NP    11u
#define EXCEPTION_SS    12u
#define EXCEPTION_GP    13u
#define EXCEPTION_PF    14u
#define EXCEPTION_AC    17u
#define EXCEPTION_MC    18u
#define EXCEPTION_CP    21u
#define EXCEPTION_COUNT 32u

#define PF_ERROR_P    BIT32(0)
#define PF_ERROR_W    BIT32(1)
#define PF_ERROR_U    BIT32(2)
#define PF_ERROR_RSVD BIT32(3)
#define PF_ERROR_I    BIT32(4)

/* Page-table entries (SDM 3A, "4-Level Paging and 5-Level Paging"). */
#define PTE_P       BIT(0)
#define PTE_W       BIT(1)
#define PTE_U       BIT(2)
#define PTE_PWT     BIT(3)
#define PTE_PCD     BIT(4)
#define PTE_A       BIT(5)
#define PTE_D       BIT(6)
#define PTE_PS      BIT(7) /* in a directory entry: it is a leaf */
#define PTE_ADDRESS MASK64(51, 12)
#define PTE_NX      BIT(63)

/* CPUID leaves (SDM 2A, "CPUID - CPU Identification"; APM 3, Appendix E). */
#define CPUID_TOPOLOGY_AMD 0x8000001eu

#define CPUID_1_ECX_OSXSAVE BIT32(27)
#define CPUID_1_ECX_RDRAND  BIT32(30)

#define CPUID_7_ECX_OSPKE BIT32(4)

/* The hypervisor's own selectors (gdt.c). */
#define SELECTOR_CODE 0x08u
#define SELECTOR_DATA 0x10u
#define SELECTOR_TSS  0x18u
#define TSS_LIMIT     0x67u

/* The operand of LGDT, LIDT and SIDT. */
struct __attribute__((packed)) table_register {
	uint16_t limit;
	uint64_t base;
};

static inline struct cpuid_regs regs_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs regs;

	__asm__ volatile("cpuid"
			 : "=a"(regs.eax), "=b"(regs.ebx), "=c"(regs.ecx), "=d"(regs.edx)
			 : "a"(leaf), "c"(subleaf));
	return regs;
}

#define REGS_ACCESSORS(name)                                                                       \
	static inline uint64_t regs_read_##name(void)                                              \
	{                                                                                          \
		uint64_t value;                                                                    \
                                                                                                   \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory");                \
		return value;                                                                      \
	}                                                                                          \
	static inline void regs_write_##name(uint64_t value)                                       \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");                    \
	}

REGS_ACCESSORS(cr0)
REGS_ACCESSORS(cr2)
REGS_ACCESSORS(cr3)
REGS_ACCESSORS(cr4)
REGS_ACCESSORS(dr0)
REGS_ACCESSORS(dr1)
REGS_ACCESSORS(dr2)
REGS_ACCESSORS(dr3)
REGS_ACCESSORS(dr6)
REGS_ACCESSORS(dr7)

/* XCR0; CR4.OSXSAVE must be set. */
static inline uint64_t regs_read_xcr0(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0u));
	return join32(high, low);
}

static inline void regs_write_xcr0(uint64_t value)
{
	__asm__ volatile("xsetbv" : : "c"(0u), "a"(low32(value)), "d"(high32(value)) : "memory");
}

static inline void regs_invlpg(uint64_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}
