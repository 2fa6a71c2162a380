/* SPDX-License-Identifier: Apache-2.0 */
/* The CPUID bits a guest may see: what is not named here is hidden. */
#pragma once

#include "cpuid_abi.h"

/* Names that only the loader needs; the rest is in cpuid_abi.h. */
#define CPUID_CACHE         0x4u
#define CPUID_POWER         0x6u
#define CPUID_BRAND         0x80000002u
#define CPUID_CACHE_L1_AMD  0x80000005u
#define CPUID_CACHE_L2      0x80000006u
#define CPUID_INVARIANT_TSC 0x80000007u
#define CPUID_TLB_1G_AMD    0x80000019u
#define CPUID_OPTIMIZE_AMD  0x8000001au
#define CPUID_EXTENDED_2    0x80000021u

#define CPUID_1_ECX_HYPERVISOR       BIT32(31)
#define CPUID_1_EDX_APIC             BIT32(9)
#define CPUID_1_EDX_HTT              BIT32(28)
#define CPUID_6_EAX_ARAT             BIT32(2)
#define CPUID_7_EBX_FSGSBASE         BIT32(0)
#define CPUID_7_ECX_PKU              BIT32(3)
#define CPUID_EXT1_EDX_SYSCALL       BIT32(11)
#define CPUID_EXT1_EDX_LM            BIT32(29)
#define CPUID_EXT7_EDX_INVARIANT_TSC BIT32(8)

/*
 * Leaf 1. Hidden on purpose: VMX, SMX (no nesting), MONITOR (idle states of one partition change
 * the speed of another), EIST, TM, TM2, ACPI, PBE (power and heat are the hypervisor's), DS,
 * DTES64, PDCM (the debug store takes addresses and no PMU is given), XTPR, DCA, SDBG.
 */
#define ALLOW_1_ECX                                                                                \
	(BIT32(0) /* SSE3 */ | BIT32(1) /* PCLMULQDQ */ | BIT32(9) /* SSSE3 */ |                   \
	 BIT32(12) /* FMA */ | BIT32(13) /* CMPXCHG16B */ | CPUID_1_ECX_PCID |                     \
	 BIT32(19) /* SSE4_1 */ | BIT32(20) /* SSE4_2 */ | CPUID_1_ECX_X2APIC |                    \
	 BIT32(22) /* MOVBE */ | BIT32(23) /* POPCNT */ | CPUID_1_ECX_TSC_DEADLINE |               \
	 BIT32(25) /* AES */ | CPUID_1_ECX_XSAVE | BIT32(28) /* AVX */ | BIT32(29) /* F16C */ |    \
	 BIT32(30) /* RDRAND */)
#define ALLOW_1_EDX                                                                                \
	(BIT32(0) /* FPU */ | BIT32(1) /* VME */ | BIT32(2) /* DE */ | BIT32(3) /* PSE */ |        \
	 BIT32(4) /* TSC */ | BIT32(5) /* MSR */ | BIT32(6) /* PAE */ | CPUID_1_EDX_MCE |          \
	 BIT32(8) /* CX8 */ | CPUID_1_EDX_APIC | BIT32(11) /* SEP */ | BIT32(12) /* MTRR */ |      \
	 BIT32(13) /* PGE */ | CPUID_1_EDX_MCA | BIT32(15) /* CMOV */ | BIT32(16) /* PAT */ |      \
	 BIT32(17) /* PSE36 */ | BIT32(19) /* CLFSH */ | BIT32(23) /* MMX */ |                     \
	 BIT32(24) /* FXSR */ | BIT32(25) /* SSE */ | BIT32(26) /* SSE2 */ | BIT32(27) /* SS */)

/* Leaf 1 EBX. */
#define LEAF1_EBX_BRAND_AND_CLFLUSH 0x0000ffffu
#define LEAF1_EBX_COUNT_SHIFT       16u

/* Leaf 7.0; what is used here only has its name beside it. Hidden: TSC_ADJUST (the TSC is shared
 * with the hypervisor), SGX, HLE, RTM, MPX, RDT (both), PT, CET and LA57 (not virtualized), AMX
 * (its XFD MSRs are not switched), FLUSH_L1D, CORE_CAPABILITIES, hybrid. */
#define ALLOW_7_EBX                                                                                \
	(CPUID_7_EBX_FSGSBASE | BIT32(3) /* BMI1 */ | BIT32(5) /* AVX2 */ |                        \
	 BIT32(6) /* FDP_EXCPTN_ONLY */ | CPUID_7_EBX_SMEP | BIT32(8) /* BMI2 */ |                 \
	 BIT32(9) /* ERMS */ | CPUID_7_EBX_INVPCID | BIT32(13) /* NO_FPU_CS_DS */ |                \
	 BIT32(16) /* AVX512F */ | BIT32(17) /* AVX512DQ */ | BIT32(18) /* RDSEED */ |             \
	 BIT32(19) /* ADX */ | CPUID_7_EBX_SMAP | BIT32(21) /* AVX512IFMA */ |                     \
	 BIT32(23) /* CLFLUSHOPT */ | BIT32(24) /* CLWB */ | BIT32(26) /* AVX512PF */ |            \
	 BIT32(27) /* AVX512ER */ | BIT32(28) /* AVX512CD */ | BIT32(29) /* SHA */ |               \
	 BIT32(30) /* AVX512BW */ | BIT32(31) /* AVX512VL */)

#define ALLOW_7_ECX                                                                                \
	(BIT32(1) /* AVX512_VBMI */ | CPUID_7_ECX_UMIP | CPUID_7_ECX_PKU | CPUID_7_ECX_WAITPKG |   \
	 BIT32(6) /* AVX512_VBMI2 */ | BIT32(8) /* GFNI */ | BIT32(9) /* VAES */ |                 \
	 BIT32(10) /* VPCLMULQDQ */ | BIT32(11) /* AVX512_VNNI */ |                                \
	 BIT32(12) /* AVX512_BITALG */ | BIT32(14) /* AVX512_VPOPCNTDQ */ | CPUID_7_ECX_RDPID |    \
	 BIT32(25) /* CLDEMOTE */ | BIT32(27) /* MOVDIRI */ | BIT32(28) /* MOVDIR64B */)

#define ALLOW_7_EDX                                                                                \
	(BIT32(2) /* AVX512_4VNNIW */ | BIT32(3) /* AVX512_4FMAPS */ | BIT32(4) /* FSRM */ |       \
	 BIT32(8) /* AVX512_VP2INTERSECT */ | BIT32(10) /* MD_CLEAR */ |                           \
	 BIT32(14) /* SERIALIZE */ | BIT32(23) /* AVX512_FP16 */ | CPUID_7_EDX_SPECULATION |       \
	 CPUID_7_EDX_ARCH_CAPABILITIES)

/* Leaf 7.1 EAX: AVX-VNNI, AVX512-BF16, fast short REP MOVSB, STOSB, CMPSB. 7.2 EDX: MCDT_NO. */
#define ALLOW_7_1_EAX (BIT32(4) | BIT32(5) | BIT32(10) | BIT32(11) | BIT32(12))
#define ALLOW_7_2_EDX BIT32(5)

/* XCR0 bits: no BNDREGS, BNDCSR (MPX), no TILE* (AMX). */
#define XCR0_PKRU   BIT(9)
#define XCR0_AVX512 (XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM)
#define ALLOW_XCR0  (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU)
#define ALLOW_D1_EAX                                                                               \
	(BIT32(0) /* XSAVEOPT */ | CPUID_D1_EAX_XSAVEC | BIT32(2) /* XGETBV1 */ |                  \
	 CPUID_D1_EAX_XSAVES)

/*
 * 8000_0001 ECX: LAHF, CR8 legacy, ABM, SSE4A, misaligned SSE, 3DNow prefetch, XOP, FMA4, TBM,
 * TOPOEXT (LZCNT is ABM). Hidden: SVM, SKINIT, EXTAPIC, OSVW, IBS, WDT, LWP, performance counters,
 * data breakpoint extension, MWAITX.
 */
#define CPUID_EXT1_ECX_CMP_LEGACY BIT32(1)
#define ALLOW_EXT1_ECX                                                                             \
	(BIT32(0) | BIT32(4) | BIT32(5) | BIT32(6) | BIT32(7) | BIT32(8) | BIT32(11) | BIT32(16) | \
	 BIT32(21) | CPUID_EXT1_ECX_TOPOEXT)
#define CPUID_EXT1_EDX_FFXSR BIT32(25)
/* 8000_0001 EDX: those of leaf 1 that AMD repeats; and MMXEXT, 3DNOWEXT, 3DNOW. */
#define ALLOW_EXT1_EDX_COMMON                                                                      \
	(CPUID_EXT1_EDX_SYSCALL | CPUID_EXT1_EDX_NX | CPUID_EXT1_EDX_PAGE1GB |                     \
	 CPUID_EXT1_EDX_RDTSCP | CPUID_EXT1_EDX_LM)
#define ALLOW_EXT1_EDX_AMD                                                                         \
	(ALLOW_EXT1_EDX_COMMON | 0x0183f3ffu | BIT32(22) | CPUID_EXT1_EDX_FFXSR | BIT32(30) |      \
	 BIT32(31))

/* 8000_0008 EBX: CLZERO, XSAVEERPTR, WBNOINVD, and the speculation controls. */
#define ALLOW_EXT8_EBX                                                                             \
	(BIT32(0) | BIT32(2) | BIT32(9) | BIT32(26) | BIT32(29) | CPUID_EXT8_EBX_SPECULATION)
/* 8000_0021 EAX: NoNestedDataBp, LFENCE always serializing, NullSelectorClearsBase. */
#define ALLOW_EXT21_EAX (BIT32(0) | BIT32(2) | BIT32(6))

/* A leaf of KVM's interface (Linux, "KVM CPUID bits"). */
#define KVM_SIGNATURE_EBX              0x4b4d564bu /* "KVMK" */
#define KVM_SIGNATURE_ECX              0x564b4d56u /* "VMKV" */
#define KVM_SIGNATURE_EDX              0x0000004du /* "M" */
#define KVM_FEATURE_NOP_IO_DELAY       BIT32(1)
#define KVM_FEATURE_CLOCKSOURCE2       BIT32(3)
#define KVM_FEATURE_CLOCKSOURCE_STABLE BIT32(24)

/* CR4 bits that every guest may set, and others without a name elsewhere. */
#define CR4_ALWAYS                                                                                 \
	(BIT(0) /* VME */ | BIT(1) /* PVI */ | BIT(2) /* TSD */ | BIT(3) /* DE */ | CR4_PSE |      \
	 CR4_PAE | CR4_MCE | CR4_PGE | BIT(8) /* PCE */ | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define CR4_FSGSBASE BIT(16)
#define EFER_FFXSR   BIT(14)
