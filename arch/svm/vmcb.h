/* SPDX-License-Identifier: Apache-2.0 */
/* The VMCB: layout and masks (APM 2, Appendix B, "Layout of VMCB"), and exit codes (VMEXIT_*);
 * manual names. */
#pragma once

#include "bits.h"
#include "svm_numbers.h" /* made of tools/names.txt */

#include <stddef.h>

/* State-save area: one segment. Attributes are descriptor bits 55:52 and 47:40, joined. */
struct vmcb_segment {
	uint16_t selector;
	uint16_t attributes;
#define VMCB_ATTRIBUTES_LOW  0x0ffu /* type, S, DPL, P */
#define VMCB_ATTRIBUTES_HIGH 0xf00u /* AVL, L, D/B, G */
#define VMCB_ATTRIBUTE_P     0x080u
#define VMCB_ATTRIBUTE_L     0x200u
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	uint16_t intercept_cr_read;
	uint16_t intercept_cr_write;
#define VMCB_INTERCEPT_CR0 0x0001u
#define VMCB_INTERCEPT_CR4 0x0010u
	uint16_t intercept_dr_read;
	uint16_t intercept_dr_write;
	uint32_t intercept_exceptions; /* one bit a vector */
	uint32_t intercept_1;
#define VMCB_INTERCEPT_NMI           BIT32(1)
#define VMCB_INTERCEPT_INIT          BIT32(3)
#define VMCB_INTERCEPT_CR0_SEL_WRITE BIT32(5)
#define VMCB_INTERCEPT_RDPMC         BIT32(15)
#define VMCB_INTERCEPT_CPUID         BIT32(18)
#define VMCB_INTERCEPT_RSM           BIT32(19)
#define VMCB_INTERCEPT_IRET          BIT32(20)
#define VMCB_INTERCEPT_INVD          BIT32(22)
#define VMCB_INTERCEPT_INVLPGA       BIT32(26)
#define VMCB_INTERCEPT_IOIO_PROT     BIT32(27)
#define VMCB_INTERCEPT_MSR_PROT      BIT32(28)
#define VMCB_INTERCEPT_SHUTDOWN      BIT32(31)
	uint32_t intercept_2;
#define VMCB_INTERCEPT_VMRUN   BIT32(0)
#define VMCB_INTERCEPT_VMMCALL BIT32(1)
#define VMCB_INTERCEPT_VMLOAD  BIT32(2)
#define VMCB_INTERCEPT_VMSAVE  BIT32(3)
#define VMCB_INTERCEPT_STGI    BIT32(4)
#define VMCB_INTERCEPT_CLGI    BIT32(5)
#define VMCB_INTERCEPT_SKINIT  BIT32(6)
#define VMCB_INTERCEPT_WBINVD  BIT32(9)
#define VMCB_INTERCEPT_MONITOR BIT32(10)
#define VMCB_INTERCEPT_MWAIT   BIT32(11)
#define VMCB_INTERCEPT_XSETBV  BIT32(13)
	uint32_t intercept_3; /* boot/virt_plan.c has its bits, and RDPRU of the one before */
	uint8_t reserved_018[0x28];
	uint64_t iopm_base_pa;
	uint64_t msrpm_base_pa;
	uint64_t tsc_offset; /* 0 */
	uint32_t guest_asid;
	uint8_t tlb_control;
#define VMCB_TLB_CONTROL_NONE 0u
	uint8_t reserved_05d[3];
	uint64_t virtual_interrupt; /* V_TPR, V_IRQ, V_INTR_MASKING and more: all 0 here */
	uint64_t interrupt_shadow;
#define VMCB_INTERRUPT_SHADOW BIT(0)
	uint64_t exit_code;
	uint64_t exit_info_1;
	uint64_t exit_info_2;
	uint64_t exit_int_info; /* as EVENTINJ: x86/event.h */
	uint64_t np_enable;
#define VMCB_NP_ENABLE BIT(0)
	uint8_t reserved_098[0x10];
	uint64_t event_inj;
	uint64_t n_cr3;
	uint8_t reserved_0b8[8];
	uint64_t clean;        /* VMCB clean bits: a group unchanged since the last VMRUN */
#define VMCB_CLEAN_I    BIT(0) /* intercepts, TSC offset, pause filter */
#define VMCB_CLEAN_IOPM BIT(1) /* IOPM_BASE_PA, MSRPM_BASE_PA */
#define VMCB_CLEAN_NP   BIT(4) /* N_CR3, G_PAT, NP_ENABLE */
#define VMCB_CLEAN_CRX  BIT(5) /* CR0, CR3, CR4, EFER */
#define VMCB_CLEAN_DRX  BIT(6)
#define VMCB_CLEAN_SEG  BIT(8) /* CS, DS, SS, ES, CPL */
#define VMCB_CLEAN_CR2  BIT(9)
	uint64_t nrip;
	uint8_t reserved_0d0[0x330];

	struct vmcb_segment es; /* 0x400: the state-save area */
	struct vmcb_segment cs;
	struct vmcb_segment ss;
	struct vmcb_segment ds;
	struct vmcb_segment fs; /* FS, GS, LDTR, TR: by VMLOAD and VMSAVE */
	struct vmcb_segment gs;
	struct vmcb_segment gdtr;
	struct vmcb_segment ldtr;
	struct vmcb_segment idtr;
	struct vmcb_segment tr;
	uint8_t reserved_4a0[0x2b];
	uint8_t cpl;
	uint8_t reserved_4cc[4];
	uint64_t efer;
	uint8_t reserved_4d8[0x70];
	uint64_t cr4;
	uint64_t cr3;
	uint64_t cr0;
	uint64_t dr7;
	uint64_t dr6;
	uint64_t rflags;
	uint64_t rip;
	uint8_t reserved_580[0x58];
	uint64_t rsp;
	uint8_t reserved_5e0[0x18];
	uint64_t rax;
	uint8_t reserved_600[0x40]; /* STAR to SYSENTER_EIP: by VMLOAD and VMSAVE */
	uint64_t cr2;
	uint8_t reserved_648[0x20];
	uint64_t g_pat;
	uint8_t reserved_670[0x990]; /* branch records; SPEC_CTRL of CPUs with VirtSpecCtrl */
};

_Static_assert(offsetof(struct vmcb, rip) == 0x578 && offsetof(struct vmcb, rax) == 0x5f8,
	       "known to svm_run.asm");
_Static_assert(sizeof(struct vmcb_segment) == 16, "a segment takes 16 bytes");
_Static_assert(sizeof(struct vmcb) == 4096, "a VMCB takes a page");

/* Of the exceptions, by vector (APM 2, Appendix C, "SVM Intercept Exit Codes"). */
#define VMEXIT_EXCP0  0x040u
#define VMEXIT_EXCP31 0x05fu

/* EXITINFO1 of IOIO (APM 2, "IOIO Intercept Information"). */
#define EXITINFO1_IO_IN         BIT(0)
#define EXITINFO1_IO_STR        BIT(2)
#define EXITINFO1_IO_REP        BIT(3)
#define EXITINFO1_IO_SIZE_SHIFT 4u /* SZ8, SZ16, SZ32: the value is 1, 2 or 4 */
#define EXITINFO1_IO_SIZE       UINT64_C(7)
#define EXITINFO1_IO_PORT_SHIFT 16u
/* EXITINFO1 of MSR. */
#define EXITINFO1_MSR_WRITE BIT(0)
/* EXITINFO1 of NPF (APM 2, "Nested versus Guest Page Faults, Fault Ordering"): page-fault error
 * code and these. */
#define EXITINFO1_NPF_WRITE BIT(1)
#define EXITINFO1_NPF_FETCH BIT(4)
#define EXITINFO1_NPF_TABLE BIT(33)
