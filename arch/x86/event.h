/* SPDX-License-Identifier: Apache-2.0 */
/* Events on their way to the guest: their format, and what becomes of two. Pure: host-tested. */
#pragma once

#include "arch/vcpu.h"

/*
 * vcpu_arch.pending_event: the low half as VMX's VM-entry interruption information and SVM's
 * EVENTINJ have it, which agree; high half: the error code or, for VMX and an event of software,
 * the instruction's length.
 */
#define EVENT_VECTOR                   UINT64_C(0xff)
#define EVENT_TYPE                     MASK64(10, 8)
#define EVENT_TYPE_EXTERNAL            (UINT64_C(0) << 8)
#define EVENT_TYPE_NMI                 (UINT64_C(2) << 8)
#define EVENT_TYPE_EXCEPTION           (UINT64_C(3) << 8)
#define EVENT_TYPE_SOFTWARE            (UINT64_C(4) << 8)
#define EVENT_TYPE_PRIVILEGED_SOFTWARE (UINT64_C(5) << 8) /* INT1; VMX only */
#define EVENT_HAS_ERROR                BIT(11)
#define EVENT_VALID                    BIT(31)
#define EVENT_HIGH_SHIFT               32u
/* Instead of an event: the vCPU has shut down (triple fault). */
#define EVENT_SHUTDOWN BIT(30)

enum event_outcome {
	EVENT_NEW,    /* the second one is delivered */
	EVENT_DOUBLE, /* #DF */
	EVENT_TRIPLE, /* shutdown */
};

/* The exception `second` is raised while the exception `first` is on its way. */
enum event_outcome event_combine(uint32_t first, uint32_t second);

/* The pending event, for delivery at this entry. cr0: the guest's. */
uint64_t event_take(struct vcpu_arch *vcpu, uint64_t cr0);
