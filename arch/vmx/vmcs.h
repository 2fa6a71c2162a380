/* SPDX-License-Identifier: Apache-2.0 */
/* The VMCS: its fields (VMCS_*), exit reasons (REASON_*) and their bits by manual name. */
#pragma once

#include "bits.h"
#include "vmx_numbers.h" /* made of tools/names.txt */

/* Of a field's number (SDM 3D, Appendix B, "Field Encoding in VMCS"). */
#define VMCS_TYPE           0x0c00u
#define VMCS_TYPE_READ_ONLY 0x0400u /* what an exit tells */

/* From one segment register to the next; the order is ES CS SS DS FS GS LDTR TR in each group. */
#define VMCS_SEGMENT_STRIDE 2u

/* In exit interruption information; else as x86/event.h has it. */
#define EVENT_NMI_UNBLOCKED BIT(12) /* IRET had ended NMI blocking */

/* SDM 3C, "Guest Non-Register State". */
#define INTERRUPTIBILITY_STI    BIT32(0)
#define INTERRUPTIBILITY_MOV_SS BIT32(1)
#define BLOCKED_BY_INSTRUCTION  (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)
#define INTERRUPTIBILITY_NMI    BIT32(3)
#define PENDING_DEBUG_BS        BIT(14)

/* Segment attributes: SDM 3C, "Format of Access Rights". */
#define SEGMENT_LONG      BIT32(13)
#define SEGMENT_DPL_SHIFT 5u

/* SDM 3C, "Extended-Page-Table Pointer (EPTP)". */
#define EPTP_WRITE_BACK UINT64_C(6)
#define EPTP_WALK_4     (UINT64_C(3) << 3)

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
