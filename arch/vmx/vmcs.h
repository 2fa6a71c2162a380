/* SPDX-License-Identifier: Apache-2.0 */
/* The VMCS: field encodings, control bits and exit reasons by manual name. */
#pragma once

#include "bits.h"

#include <stdint.h>

/* SDM 3D, Appendix B, "Field Encoding in VMCS". X(name, encoding); the dump prints this table. */
#define VMCS_FIELDS(X)                                                                             \
	X(VPID, 0x0000)                                                                            \
	X(GUEST_ES_SELECTOR, 0x0800)                                                               \
	X(GUEST_CS_SELECTOR, 0x0802)                                                               \
	X(GUEST_SS_SELECTOR, 0x0804)                                                               \
	X(GUEST_DS_SELECTOR, 0x0806)                                                               \
	X(GUEST_FS_SELECTOR, 0x0808)                                                               \
	X(GUEST_GS_SELECTOR, 0x080a)                                                               \
	X(GUEST_LDTR_SELECTOR, 0x080c)                                                             \
	X(GUEST_TR_SELECTOR, 0x080e)                                                               \
	X(HOST_ES_SELECTOR, 0x0c00)                                                                \
	X(HOST_CS_SELECTOR, 0x0c02)                                                                \
	X(HOST_SS_SELECTOR, 0x0c04)                                                                \
	X(HOST_DS_SELECTOR, 0x0c06)                                                                \
	X(HOST_FS_SELECTOR, 0x0c08)                                                                \
	X(HOST_GS_SELECTOR, 0x0c0a)                                                                \
	X(HOST_TR_SELECTOR, 0x0c0c)                                                                \
	X(IO_BITMAP_A, 0x2000)                                                                     \
	X(IO_BITMAP_B, 0x2002)                                                                     \
	X(MSR_BITMAP, 0x2004)                                                                      \
	X(TSC_OFFSET, 0x2010)                                                                      \
	X(EPT_POINTER, 0x201a)                                                                     \
	X(XSS_EXITING_BITMAP, 0x202c)                                                              \
	X(ENCLS_EXITING_BITMAP, 0x202e)                                                            \
	X(GUEST_PHYSICAL_ADDRESS, 0x2400)                                                          \
	X(VMCS_LINK_POINTER, 0x2800)                                                               \
	X(GUEST_DEBUGCTL, 0x2802)                                                                  \
	X(GUEST_PAT, 0x2804)                                                                       \
	X(GUEST_EFER, 0x2806)                                                                      \
	X(GUEST_PDPTE0, 0x280a)                                                                    \
	X(GUEST_PDPTE1, 0x280c)                                                                    \
	X(GUEST_PDPTE2, 0x280e)                                                                    \
	X(GUEST_PDPTE3, 0x2810)                                                                    \
	X(HOST_PAT, 0x2c00)                                                                        \
	X(HOST_EFER, 0x2c02)                                                                       \
	X(PIN_CONTROLS, 0x4000)                                                                    \
	X(PROCESSOR_CONTROLS, 0x4002)                                                              \
	X(EXCEPTION_BITMAP, 0x4004)                                                                \
	X(PAGE_FAULT_ERROR_MASK, 0x4006)                                                           \
	X(PAGE_FAULT_ERROR_MATCH, 0x4008)                                                          \
	X(CR3_TARGET_COUNT, 0x400a)                                                                \
	X(EXIT_CONTROLS, 0x400c)                                                                   \
	X(EXIT_MSR_STORE_COUNT, 0x400e)                                                            \
	X(EXIT_MSR_LOAD_COUNT, 0x4010)                                                             \
	X(ENTRY_CONTROLS, 0x4012)                                                                  \
	X(ENTRY_MSR_LOAD_COUNT, 0x4014)                                                            \
	X(ENTRY_EVENT, 0x4016)                                                                     \
	X(ENTRY_EVENT_ERROR, 0x4018)                                                               \
	X(ENTRY_INSTRUCTION_LENGTH, 0x401a)                                                        \
	X(SECONDARY_CONTROLS, 0x401e)                                                              \
	X(INSTRUCTION_ERROR, 0x4400)                                                               \
	X(EXIT_REASON, 0x4402)                                                                     \
	X(EXIT_EVENT, 0x4404)                                                                      \
	X(EXIT_EVENT_ERROR, 0x4406)                                                                \
	X(IDT_VECTORING, 0x4408)                                                                   \
	X(IDT_VECTORING_ERROR, 0x440a)                                                             \
	X(EXIT_INSTRUCTION_LENGTH, 0x440c)                                                         \
	X(EXIT_INSTRUCTION_INFORMATION, 0x440e)                                                    \
	X(GUEST_ES_LIMIT, 0x4800)                                                                  \
	X(GUEST_CS_LIMIT, 0x4802)                                                                  \
	X(GUEST_SS_LIMIT, 0x4804)                                                                  \
	X(GUEST_DS_LIMIT, 0x4806)                                                                  \
	X(GUEST_FS_LIMIT, 0x4808)                                                                  \
	X(GUEST_GS_LIMIT, 0x480a)                                                                  \
	X(GUEST_LDTR_LIMIT, 0x480c)                                                                \
	X(GUEST_TR_LIMIT, 0x480e)                                                                  \
	X(GUEST_GDTR_LIMIT, 0x4810)                                                                \
	X(GUEST_IDTR_LIMIT, 0x4812)                                                                \
	X(GUEST_ES_ATTRIBUTES, 0x4814)                                                             \
	X(GUEST_CS_ATTRIBUTES, 0x4816)                                                             \
	X(GUEST_SS_ATTRIBUTES, 0x4818)                                                             \
	X(GUEST_DS_ATTRIBUTES, 0x481a)                                                             \
	X(GUEST_FS_ATTRIBUTES, 0x481c)                                                             \
	X(GUEST_GS_ATTRIBUTES, 0x481e)                                                             \
	X(GUEST_LDTR_ATTRIBUTES, 0x4820)                                                           \
	X(GUEST_TR_ATTRIBUTES, 0x4822)                                                             \
	X(GUEST_INTERRUPTIBILITY, 0x4824)                                                          \
	X(GUEST_ACTIVITY, 0x4826)                                                                  \
	X(GUEST_SYSENTER_CS, 0x482a)                                                               \
	X(PREEMPTION_TIMER, 0x482e)                                                                \
	X(HOST_SYSENTER_CS, 0x4c00)                                                                \
	X(CR0_MASK, 0x6000)                                                                        \
	X(CR4_MASK, 0x6002)                                                                        \
	X(CR0_SHADOW, 0x6004)                                                                      \
	X(CR4_SHADOW, 0x6006)                                                                      \
	X(EXIT_QUALIFICATION, 0x6400)                                                              \
	X(GUEST_LINEAR_ADDRESS, 0x640a)                                                            \
	X(GUEST_CR0, 0x6800)                                                                       \
	X(GUEST_CR3, 0x6802)                                                                       \
	X(GUEST_CR4, 0x6804)                                                                       \
	X(GUEST_ES_BASE, 0x6806)                                                                   \
	X(GUEST_CS_BASE, 0x6808)                                                                   \
	X(GUEST_SS_BASE, 0x680a)                                                                   \
	X(GUEST_DS_BASE, 0x680c)                                                                   \
	X(GUEST_FS_BASE, 0x680e)                                                                   \
	X(GUEST_GS_BASE, 0x6810)                                                                   \
	X(GUEST_LDTR_BASE, 0x6812)                                                                 \
	X(GUEST_TR_BASE, 0x6814)                                                                   \
	X(GUEST_GDTR_BASE, 0x6816)                                                                 \
	X(GUEST_IDTR_BASE, 0x6818)                                                                 \
	X(GUEST_DR7, 0x681a)                                                                       \
	X(GUEST_RSP, 0x681c)                                                                       \
	X(GUEST_RIP, 0x681e)                                                                       \
	X(GUEST_RFLAGS, 0x6820)                                                                    \
	X(GUEST_PENDING_DEBUG, 0x6822)                                                             \
	X(GUEST_SYSENTER_ESP, 0x6824)                                                              \
	X(GUEST_SYSENTER_EIP, 0x6826)                                                              \
	X(HOST_CR0, 0x6c00)                                                                        \
	X(HOST_CR3, 0x6c02)                                                                        \
	X(HOST_CR4, 0x6c04)                                                                        \
	X(HOST_FS_BASE, 0x6c06)                                                                    \
	X(HOST_GS_BASE, 0x6c08)                                                                    \
	X(HOST_TR_BASE, 0x6c0a)                                                                    \
	X(HOST_GDTR_BASE, 0x6c0c)                                                                  \
	X(HOST_IDTR_BASE, 0x6c0e)                                                                  \
	X(HOST_SYSENTER_ESP, 0x6c10)                                                               \
	X(HOST_SYSENTER_EIP, 0x6c12)                                                               \
	X(HOST_RSP, 0x6c14)                                                                        \
	X(HOST_RIP, 0x6c16)

#define VMCS_FIELD_ENUM(name, encoding) VMCS_##name = (encoding),
enum vmcs_field { VMCS_FIELDS(VMCS_FIELD_ENUM) };
#undef VMCS_FIELD_ENUM

/* From one segment register to the next; the order is ES CS SS DS FS GS LDTR TR in each group. */
#define VMCS_SEGMENT_STRIDE 2u

/* SDM 3C, "Pin-Based VM-Execution Controls". */
#define PIN_EXTERNAL_INTERRUPT_EXITING BIT32(0)
#define PIN_NMI_EXITING                BIT32(3)
#define PIN_VIRTUAL_NMIS               BIT32(5)
#define PIN_PREEMPTION_TIMER           BIT32(6)

/* SDM 3C, "Processor-Based VM-Execution Controls". */
#define PROCESSOR_HLT_EXITING        BIT32(7)
#define PROCESSOR_INVLPG_EXITING     BIT32(9)
#define PROCESSOR_MWAIT_EXITING      BIT32(10)
#define PROCESSOR_RDPMC_EXITING      BIT32(11)
#define PROCESSOR_CR3_LOAD_EXITING   BIT32(15)
#define PROCESSOR_CR3_STORE_EXITING  BIT32(16)
#define PROCESSOR_NMI_WINDOW_EXITING BIT32(22)
#define PROCESSOR_IO_BITMAPS         BIT32(25)
#define PROCESSOR_MSR_BITMAPS        BIT32(28)
#define PROCESSOR_MONITOR_EXITING    BIT32(29)
#define PROCESSOR_SECONDARY          BIT32(31)

#define SECONDARY_EPT                BIT32(1)
#define SECONDARY_RDTSCP             BIT32(3)
#define SECONDARY_VPID               BIT32(5)
#define SECONDARY_WBINVD_EXITING     BIT32(6)
#define SECONDARY_UNRESTRICTED_GUEST BIT32(7)
#define SECONDARY_INVPCID            BIT32(12)
#define SECONDARY_ENCLS_EXITING      BIT32(15)
#define SECONDARY_XSAVES             BIT32(20)

/* SDM 3C, "VM-Exit Controls" and "VM-Entry Controls". */
#define EXIT_SAVE_DEBUG BIT32(2)
#define EXIT_HOST_64BIT BIT32(9)
#define EXIT_SAVE_PAT   BIT32(18)
#define EXIT_LOAD_PAT   BIT32(19)
#define EXIT_SAVE_EFER  BIT32(20)
#define EXIT_LOAD_EFER  BIT32(21)

#define ENTRY_LOAD_DEBUG  BIT32(2)
#define ENTRY_IA32E_GUEST BIT32(9)
#define ENTRY_LOAD_PAT    BIT32(14)
#define ENTRY_LOAD_EFER   BIT32(15)

/* VM-entry interruption information, exit interruption information, IDT-vectoring information. */
#define EVENT_VECTOR                   0xffu
#define EVENT_TYPE                     (7u << 8)
#define EVENT_TYPE_EXTERNAL            (0u << 8)
#define EVENT_TYPE_NMI                 (2u << 8)
#define EVENT_TYPE_EXCEPTION           (3u << 8)
#define EVENT_TYPE_PRIVILEGED_SOFTWARE (5u << 8) /* INT1 */
#define EVENT_HAS_ERROR                BIT32(11)
#define EVENT_NMI_UNBLOCKED            BIT32(12) /* exits only: IRET had ended NMI blocking */
#define EVENT_VALID                    BIT32(31)

/* SDM 3C, "Guest Non-Register State". */
#define INTERRUPTIBILITY_STI    BIT32(0)
#define INTERRUPTIBILITY_MOV_SS BIT32(1)
#define BLOCKED_BY_INSTRUCTION  (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)
#define INTERRUPTIBILITY_NMI    BIT32(3)
#define ACTIVITY_ACTIVE         0u
#define PENDING_DEBUG_BS        BIT(14)

/* Segment attributes: SDM 3C, "Format of Access Rights". */
#define SEGMENT_LONG      BIT32(13)
#define SEGMENT_DPL_SHIFT 5u

/* SDM 3C, "Extended-Page-Table Pointer (EPTP)" and Appendix A, "VPID and EPT Capabilities". */
#define EPTP_WRITE_BACK       UINT64_C(6)
#define EPTP_WALK_4           (UINT64_C(3) << 3)
#define EPT_CAP_WALK_4        BIT(6)
#define EPT_CAP_WRITE_BACK    BIT(14)
#define EPT_CAP_2M            BIT(16)
#define EPT_CAP_1G            BIT(17)
#define EPT_CAP_INVEPT        BIT(20)
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVEPT_ALL    BIT(26)
#define VPID_CAP_INVVPID      BIT(32)
#define VPID_CAP_SINGLE       BIT(41)
#define VPID_CAP_ALL          BIT(42)

#define VMX_BASIC_REVISION      MASK64(30, 0)
#define VMX_BASIC_TRUE_CONTROLS BIT(55)
#define VMX_BASIC_MEMORY_TYPE   MASK64(53, 50)
#define VMX_BASIC_WRITE_BACK    (UINT64_C(6) << 50)

/* SDM 3D, Appendix C, "VMX Basic Exit Reasons": those that are told apart. */
enum vmx_reason {
	REASON_EXCEPTION_NMI = 0,
	REASON_TRIPLE_FAULT = 2,
	REASON_INIT = 3,
	REASON_SIPI = 4,
	REASON_NMI_WINDOW = 8,
	REASON_TASK_SWITCH = 9,
	REASON_CPUID = 10,
	REASON_GETSEC = 11,
	REASON_INVD = 13,
	REASON_RDPMC = 15,
	REASON_RSM = 17,
	REASON_VMCALL = 18,
	REASON_VMCLEAR = 19,
	REASON_VMLAUNCH = 20,
	REASON_VMPTRLD = 21,
	REASON_VMPTRST = 22,
	REASON_VMREAD = 23,
	REASON_VMRESUME = 24,
	REASON_VMWRITE = 25,
	REASON_VMXOFF = 26,
	REASON_VMXON = 27,
	REASON_CONTROL_REGISTER = 28,
	REASON_IO = 30,
	REASON_RDMSR = 31,
	REASON_WRMSR = 32,
	REASON_MWAIT = 36,
	REASON_MONITOR = 39,
	REASON_ENTRY_MACHINE_CHECK = 41,
	REASON_EPT_VIOLATION = 48,
	REASON_EPT_MISCONFIGURATION = 49,
	REASON_INVEPT = 50,
	REASON_PREEMPTION_TIMER = 52,
	REASON_INVVPID = 53,
	REASON_WBINVD = 54,
	REASON_XSETBV = 55,
	REASON_VMFUNC = 59,
	REASON_ENCLS = 60,
};

#define REASON_BASIC        0xffffu
#define REASON_ENTRY_FAILED BIT32(31)

/* Exit qualifications: SDM 3C, "Basic VM-Exit Information". */
#define QUALIFICATION_EPT_WRITE         BIT(1)
#define QUALIFICATION_EPT_FETCH         BIT(2)
#define QUALIFICATION_EPT_LINEAR        BIT(7) /* bit 8 means something */
#define QUALIFICATION_EPT_FINAL         BIT(8) /* clear: on a guest page table */
#define QUALIFICATION_EPT_NMI_UNBLOCKED BIT(12)
#define QUALIFICATION_IO_SIZE           MASK64(2, 0)
#define QUALIFICATION_IO_IN             BIT(3)
#define QUALIFICATION_IO_STRING         BIT(4)
#define QUALIFICATION_IO_REP            BIT(5)
