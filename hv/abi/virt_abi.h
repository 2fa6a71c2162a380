/* SPDX-License-Identifier: Apache-2.0 */
/* How the CPUs' virtualization is used: chosen by the loader from what the boot CPU says it has. */
#pragma once

#include "bits.h"

enum vmx_controls {
	VMX_PIN,
	VMX_PROCESSOR,
	VMX_SECONDARY,
	VMX_EXIT,
	VMX_ENTRY,
	VMX_CONTROLS_COUNT,
};

#define PIN_PREEMPTION_TIMER         BIT32(6)
#define PROCESSOR_NMI_WINDOW_EXITING BIT32(22)
#define SECONDARY_VPID               BIT32(5)
#define SECONDARY_ENCLS_EXITING      BIT32(15)
#define ENTRY_IA32E_GUEST            BIT32(9)

#define BOOT_MSR_BITMAP_SIZE 0x2000u /* SVM's; VMX takes the first half */

/*
 * What guests see of an MSR whose accesses exit; of one that is not listed they see nothing. Reads
 * give `value` and the bits `real` of the real one. Writes of other bits than `writable` are
 * refused; the rest goes to the real one, or is without effect.
 */
struct boot_msr {
	uint32_t number;
	uint32_t what; /* BOOT_MSR_* */
	uint64_t value;
	uint64_t real;
	uint64_t writable;
};
#define BOOT_MSR_READ  1u
#define BOOT_MSR_WRITE 2u
#define BOOT_MSR_PASS  4u /* written through; and where the CPU has none, nor has the guest */
#define BOOT_MSR_MAX   40u

/* What people are told: how partitions run, and what is done against faults of the CPU. */
#define VIRT_FACT_VMX           BIT32(0) /* VT-x with EPT; else AMD SVM with nested paging */
#define VIRT_FACT_TAGGED        BIT32(1) /* VPID, or ASIDs: an exit costs no translations */
#define VIRT_FACT_PAGES_2M      BIT32(2) /* below partitions */
#define VIRT_FACT_PAGES_1G      BIT32(3)
#define VIRT_FACT_DEADLINE      BIT32(4)  /* guests have the TSC-deadline timer */
#define VIRT_FACT_XSAVEC        BIT32(5)  /* not hidden, where the CPU has it */
#define VIRT_FACT_CLEAN         BIT32(6)  /* VMCB clean bits */
#define VIRT_FACT_SMALL_PAGES   BIT32(16) /* 4 KiB pages, against CVE-2018-12207 */
#define VIRT_FACT_MULTIHIT_OPEN BIT32(17) /* large pages in spite of it: huge_pages = always */
#define VIRT_FACT_VERW          BIT32(18) /* as is_verw_needed */
#define VIRT_FACT_L1D_FLUSH     BIT32(19) /* as is_l1d_flush_needed */
#define VIRT_FACT_SPEC_CTRL     BIT32(20) /* as has_spec_ctrl */

struct boot_virt {
	uint32_t facts;      /* VIRT_FACT_* */
	uint8_t is_vmx;      /* else SVM */
	uint8_t max_leaf;    /* as arch_stage2_max_leaf() */
	uint8_t is_multihit; /* as arch_stage2_is_multihit() */
	uint8_t has_xsaves;  /* XSAVES runs in the guest and IA32_XSS stays 0 */
	/* IBRS and IBPB: SPEC_CTRL and PRED_CMD are the guest's, and the return stack is refilled
	 * at exits. */
	uint8_t has_spec_ctrl;
	uint8_t is_verw_needed; /* MDS, TAA: buffers cleared before each entry */
	uint8_t is_l1d_flush_needed;
	uint8_t svm_flush_asid;   /* TLB_CONTROL that flushes our ASID */
	uint32_t svm_intercept_2; /* of those that not every CPU has: what exists here */
	uint32_t svm_intercept_3;
	uint64_t svm_clean;        /* clean bits after an exit; 0 without the feature */
	uint32_t control_revision; /* first word of a control page: VMCS revision, or 0 */
	uint32_t vmx_controls[VMX_CONTROLS_COUNT];
	uint64_t cr0_fixed0; /* IA32_VMX_CR0_FIXED0 and so on */
	uint64_t cr0_fixed1;
	uint64_t cr4_fixed0;
	uint64_t cr4_fixed1;
	/* Two, page aligned: for guests whose local APIC is in xAPIC and in x2APIC mode. */
	const uint8_t *msr_bitmaps;
	uint32_t msr_count;
	struct boot_msr msrs[BOOT_MSR_MAX];
};
