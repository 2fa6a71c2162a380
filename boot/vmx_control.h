/* SPDX-License-Identifier: Apache-2.0 */
/* The VM-execution, exit and entry controls, from the capability MSRs. Pure. */
#pragma once

#include "virt_abi.h"

#include <stdbool.h>
#include <stdint.h>

/* SDM 3C, "Pin-Based VM-Execution Controls". */
#define PIN_EXTERNAL_INTERRUPT_EXITING BIT32(0)
#define PIN_NMI_EXITING                BIT32(3)
#define PIN_VIRTUAL_NMIS               BIT32(5)

/* SDM 3C, "Processor-Based VM-Execution Controls". */
#define PROCESSOR_HLT_EXITING       BIT32(7)
#define PROCESSOR_INVLPG_EXITING    BIT32(9)
#define PROCESSOR_MWAIT_EXITING     BIT32(10)
#define PROCESSOR_RDPMC_EXITING     BIT32(11)
#define PROCESSOR_CR3_LOAD_EXITING  BIT32(15)
#define PROCESSOR_CR3_STORE_EXITING BIT32(16)
#define PROCESSOR_IO_BITMAPS        BIT32(25)
#define PROCESSOR_MSR_BITMAPS       BIT32(28)
#define PROCESSOR_MONITOR_EXITING   BIT32(29)
#define PROCESSOR_SECONDARY         BIT32(31)

#define SECONDARY_EPT                BIT32(1)
#define SECONDARY_RDTSCP             BIT32(3)
#define SECONDARY_WBINVD_EXITING     BIT32(6)
#define SECONDARY_UNRESTRICTED_GUEST BIT32(7)
#define SECONDARY_INVPCID            BIT32(12)
#define SECONDARY_XSAVES             BIT32(20)

/* SDM 3C, "VM-Exit Controls" and "VM-Entry Controls". */
#define EXIT_SAVE_DEBUG BIT32(2)
#define EXIT_HOST_64BIT BIT32(9)
#define EXIT_SAVE_PAT   BIT32(18)
#define EXIT_LOAD_PAT   BIT32(19)
#define EXIT_SAVE_EFER  BIT32(20)
#define EXIT_LOAD_EFER  BIT32(21)

#define ENTRY_LOAD_DEBUG BIT32(2)
#define ENTRY_LOAD_PAT   BIT32(14)
#define ENTRY_LOAD_EFER  BIT32(15)

/* SDM 3D, Appendix A, "VPID and EPT Capabilities", "Basic VMX Information". */
#define EPT_CAP_WALK_4     BIT(6)
#define EPT_CAP_WRITE_BACK BIT(14)
#define EPT_CAP_2M         BIT(16)
#define EPT_CAP_1G         BIT(17)
#define EPT_CAP_INVEPT     BIT(20)
#define EPT_CAP_INVEPT_ALL BIT(26)
#define VPID_CAP_USABLE    (BIT(32) | BIT(41) | BIT(42)) /* INVVPID: one context, all */

#define VMX_BASIC_REVISION      MASK64(30, 0)
#define VMX_BASIC_INS_OUTS      BIT(54)
#define VMX_BASIC_TRUE_CONTROLS BIT(55)
#define VMX_BASIC_WRITE_BACK    (UINT64_C(6) << 50)

/* What the CPU's capability MSRs say (SDM 3D, Appendix A). */
struct vmx_capabilities {
	uint64_t basic;
	/* Low half = bits that must be 1, high half = bits that may be 1. */
	uint64_t controls[VMX_CONTROLS_COUNT];
	uint64_t ept_vpid;
};

/* controls[VMX_CONTROLS_COUNT] is written only on success; else *why names what is missing. */
bool vmx_control_choose(const struct vmx_capabilities *capabilities, uint32_t *controls,
			const char **why);

/* Largest level of an EPT leaf. */
uint8_t vmx_control_max_leaf(uint64_t ept_vpid);
