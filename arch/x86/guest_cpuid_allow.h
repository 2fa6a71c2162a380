/* SPDX-License-Identifier: Apache-2.0 */
/* The CPUID bits a guest may see: what is not named here is hidden. For guest_cpuid.c. */
#pragma once

#include "regs.h"

/*
 * Leaf 1. Hidden on purpose: VMX, SMX (no nesting), MONITOR (idle states of one partition change the
 * speed of another), EIST, TM, TM2, ACPI, PBE (power and heat are the hypervisor's), DS, DTES64, PDCM
 * (the debug store takes addresses and no PMU is given), XTPR, DCA, SDBG.
 */
#define ALLOW_1_ECX                                                                                \
	(CPUID_1_ECX_SSE3 | CPUID_1_ECX_PCLMULQDQ | CPUID_1_ECX_SSSE3 | CPUID_1_ECX_FMA |          \
	 CPUID_1_ECX_CMPXCHG16B | CPUID_1_ECX_PCID | CPUID_1_ECX_SSE4_1 | CPUID_1_ECX_SSE4_2 |     \
	 CPUID_1_ECX_X2APIC | CPUID_1_ECX_MOVBE | CPUID_1_ECX_POPCNT | CPUID_1_ECX_TSC_DEADLINE |  \
	 CPUID_1_ECX_AES | CPUID_1_ECX_XSAVE | CPUID_1_ECX_AVX | CPUID_1_ECX_F16C |                \
	 CPUID_1_ECX_RDRAND)
#define ALLOW_1_EDX                                                                                \
	(CPUID_1_EDX_FPU | CPUID_1_EDX_VME | CPUID_1_EDX_DE | CPUID_1_EDX_PSE | CPUID_1_EDX_TSC |  \
	 CPUID_1_EDX_MSR | CPUID_1_EDX_PAE | CPUID_1_EDX_MCE | CPUID_1_EDX_CX8 | CPUID_1_EDX_APIC | \
	 CPUID_1_EDX_SEP | CPUID_1_EDX_MTRR | CPUID_1_EDX_PGE | CPUID_1_EDX_MCA |                  \
	 CPUID_1_EDX_CMOV | CPUID_1_EDX_PAT | CPUID_1_EDX_PSE36 | CPUID_1_EDX_CLFSH |              \
	 CPUID_1_EDX_MMX | CPUID_1_EDX_FXSR | CPUID_1_EDX_SSE | CPUID_1_EDX_SSE2 | CPUID_1_EDX_SS)

/* Leaf 1 EBX. */
#define LEAF1_EBX_BRAND_AND_CLFLUSH 0x0000ffffu
#define LEAF1_EBX_COUNT_SHIFT 16u
#define LEAF1_EBX_APIC_ID_SHIFT 24u

/* Leaf 7.0; bits that regs.h has no need of are named here. Hidden: TSC_ADJUST (the TSC is shared
 * with the hypervisor), SGX, HLE, RTM, MPX, RDT (both), PT, CET and LA57 (not virtualized), AMX (its
 * XFD MSRs are not switched), FLUSH_L1D, CORE_CAPABILITIES, hybrid. */
#define CPUID_7_EBX_FDP_EXCPTN_ONLY BIT32(6)
#define CPUID_7_EBX_NO_FPU_CS_DS BIT32(13)
#define CPUID_7_EBX_AVX512PF BIT32(26)
#define CPUID_7_EBX_AVX512ER BIT32(27)
#define ALLOW_7_EBX                                                                               \
	(CPUID_7_EBX_FSGSBASE | CPUID_7_EBX_BMI1 | CPUID_7_EBX_AVX2 | CPUID_7_EBX_FDP_EXCPTN_ONLY | \
	 CPUID_7_EBX_SMEP | CPUID_7_EBX_BMI2 | CPUID_7_EBX_ERMS | CPUID_7_EBX_INVPCID |           \
	 CPUID_7_EBX_NO_FPU_CS_DS | CPUID_7_EBX_AVX512F | CPUID_7_EBX_AVX512DQ |                  \
	 CPUID_7_EBX_RDSEED | CPUID_7_EBX_ADX | CPUID_7_EBX_SMAP | CPUID_7_EBX_AVX512IFMA |       \
	 CPUID_7_EBX_CLFLUSHOPT | CPUID_7_EBX_CLWB | CPUID_7_EBX_AVX512PF | CPUID_7_EBX_AVX512ER | \
	 CPUID_7_EBX_AVX512CD | CPUID_7_EBX_SHA | CPUID_7_EBX_AVX512BW | CPUID_7_EBX_AVX512VL)

#define CPUID_7_ECX_AVX512_VBMI BIT32(1)
#define CPUID_7_ECX_AVX512_VBMI2 BIT32(6)
#define CPUID_7_ECX_GFNI BIT32(8)
#define CPUID_7_ECX_VAES BIT32(9)
#define CPUID_7_ECX_VPCLMULQDQ BIT32(10)
#define CPUID_7_ECX_AVX512_VNNI BIT32(11)
#define CPUID_7_ECX_AVX512_BITALG BIT32(12)
#define CPUID_7_ECX_AVX512_VPOPCNTDQ BIT32(14)
#define CPUID_7_ECX_CLDEMOTE BIT32(25)
#define CPUID_7_ECX_MOVDIRI BIT32(27)
#define CPUID_7_ECX_MOVDIR64B BIT32(28)
#define ALLOW_7_ECX                                                                                \
	(CPUID_7_ECX_AVX512_VBMI | CPUID_7_ECX_UMIP | CPUID_7_ECX_PKU | CPUID_7_ECX_WAITPKG |      \
	 CPUID_7_ECX_AVX512_VBMI2 | CPUID_7_ECX_GFNI | CPUID_7_ECX_VAES | CPUID_7_ECX_VPCLMULQDQ | \
	 CPUID_7_ECX_AVX512_VNNI | CPUID_7_ECX_AVX512_BITALG | CPUID_7_ECX_AVX512_VPOPCNTDQ |      \
	 CPUID_7_ECX_RDPID | CPUID_7_ECX_CLDEMOTE | CPUID_7_ECX_MOVDIRI | CPUID_7_ECX_MOVDIR64B)

#define CPUID_7_EDX_AVX512_4VNNIW BIT32(2)
#define CPUID_7_EDX_AVX512_4FMAPS BIT32(3)
#define CPUID_7_EDX_FSRM BIT32(4)
#define CPUID_7_EDX_AVX512_VP2INTERSECT BIT32(8)
#define CPUID_7_EDX_MD_CLEAR BIT32(10)
#define CPUID_7_EDX_SERIALIZE BIT32(14)
#define CPUID_7_EDX_AVX512_FP16 BIT32(23)
#define CPUID_7_EDX_STIBP BIT32(27)
#define CPUID_7_EDX_SSBD BIT32(31)
#define ALLOW_7_EDX                                                                                \
	(CPUID_7_EDX_AVX512_4VNNIW | CPUID_7_EDX_AVX512_4FMAPS | CPUID_7_EDX_FSRM |                \
	 CPUID_7_EDX_AVX512_VP2INTERSECT | CPUID_7_EDX_MD_CLEAR | CPUID_7_EDX_SERIALIZE |          \
	 CPUID_7_EDX_AVX512_FP16 | CPUID_7_EDX_SPEC_CTRL | CPUID_7_EDX_STIBP |                     \
	 CPUID_7_EDX_ARCH_CAPABILITIES | CPUID_7_EDX_SSBD)
/* Need SPEC_CTRL and PRED_CMD. */
#define SPEC_CTRL_7_EDX (CPUID_7_EDX_SPEC_CTRL | CPUID_7_EDX_STIBP | CPUID_7_EDX_SSBD)

/* Leaf 7.1 EAX: AVX-VNNI, AVX512-BF16, fast short REP MOVSB, STOSB, CMPSB. 7.2 EDX: MCDT_NO. */
#define ALLOW_7_1_EAX (BIT32(4) | BIT32(5) | BIT32(10) | BIT32(11) | BIT32(12))
#define ALLOW_7_2_EDX BIT32(5)

/* XCR0 bits: no BNDREGS, BNDCSR (MPX), no TILE* (AMX). */
#define XCR0_AVX512 (XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM)
#define ALLOW_XCR0 (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU)
#define ALLOW_D1_EAX                                                                              \
	(CPUID_D1_EAX_XSAVEOPT | CPUID_D1_EAX_XSAVEC | CPUID_D1_EAX_XGETBV1 | CPUID_D1_EAX_XSAVES)

/*
 * 8000_0001 ECX: LAHF, CR8 legacy, ABM, SSE4A, misaligned SSE, 3DNow prefetch, XOP, FMA4, TBM, TOPOEXT
 * (LZCNT is ABM). Hidden: SVM, SKINIT, EXTAPIC, OSVW, IBS, WDT, LWP, performance counters, data
 * breakpoint extension, MWAITX.
 */
#define CPUID_EXT1_ECX_CMP_LEGACY BIT32(1)
#define CPUID_EXT1_ECX_TOPOEXT BIT32(22)
#define ALLOW_EXT1_ECX                                                                          \
	(BIT32(0) | BIT32(4) | BIT32(5) | BIT32(6) | BIT32(7) | BIT32(8) | BIT32(11) |          \
	 BIT32(16) | BIT32(21) | CPUID_EXT1_ECX_TOPOEXT)
#define CPUID_EXT1_EDX_FFXSR BIT32(25)
/* 8000_0001 EDX: those of leaf 1 that AMD repeats; and MMXEXT, 3DNOWEXT, 3DNOW. */
#define ALLOW_EXT1_EDX_COMMON                                                                      \
	(CPUID_EXT1_EDX_SYSCALL | CPUID_EXT1_EDX_NX | CPUID_EXT1_EDX_PAGE1GB |                     \
	 CPUID_EXT1_EDX_RDTSCP | CPUID_EXT1_EDX_LM)
#define ALLOW_EXT1_EDX_AMD                                                                         \
	(ALLOW_EXT1_EDX_COMMON | 0x0183f3ffu | BIT32(22) | CPUID_EXT1_EDX_FFXSR | BIT32(30) | BIT32(31))

/* 8000_0008 EBX: CLZERO, XSAVEERPTR, WBNOINVD; then the speculation controls. */
#define ALLOW_EXT8_EBX (BIT32(0) | BIT32(2) | BIT32(9) | BIT32(26) | BIT32(29))
#define SPEC_CTRL_EXT8_EBX                                                                        \
	(BIT32(12) | BIT32(14) | BIT32(15) | BIT32(16) | BIT32(17) | BIT32(18) | BIT32(19) |      \
	 BIT32(24) | BIT32(28) | BIT32(30))
/* 8000_0021 EAX: NoNestedDataBp, LFENCE always serializing, NullSelectorClearsBase. */
#define ALLOW_EXT21_EAX (BIT32(0) | BIT32(2) | BIT32(6))

/* Leaf 0xD. */
#define XSAVE_HEADER_END 576u /* legacy area and header (SDM 1, "XSAVE Area") */
#define XSAVE_FIRST_EXTENDED 2u
#define XSAVE_SUBLEAF_MAX 19u
#define XSAVE_SUBLEAF_ALIGNED BIT32(1) /* ECX: 64-byte aligned in the compacted form */

/* A leaf of KVM's interface (Linux, "KVM CPUID bits"). */
#define KVM_SIGNATURE_EBX 0x4b4d564bu /* "KVMK" */
#define KVM_SIGNATURE_ECX 0x564b4d56u /* "VMKV" */
#define KVM_SIGNATURE_EDX 0x0000004du /* "M" */
#define KVM_LEAF_MAX 0x40000010u
#define KVM_FEATURE_NOP_IO_DELAY BIT32(1)
#define KVM_FEATURE_CLOCKSOURCE2 BIT32(3)
#define KVM_FEATURE_CLOCKSOURCE_STABLE BIT32(24)

/* CR4 and EFER bits that go with a feature. */
#define CR4_ALWAYS                                                                               \
	(CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR |       \
	 CR4_OSXMMEXCPT | CR4_VME | CR4_PVI)
