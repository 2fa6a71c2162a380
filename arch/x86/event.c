/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions for the guest, alone and on top of another event. */
#include "event.h"

#include "regs.h"

/* SDM 3A, "Interrupt 8 - Double Fault Exception (#DF)": "Conditions for Generating a Double Fault".
 */
#define CONTRIBUTORY                                                                               \
	(BIT32(EXCEPTION_DE) | BIT32(EXCEPTION_TS) | BIT32(EXCEPTION_NP) | BIT32(EXCEPTION_SS) |   \
	 BIT32(EXCEPTION_GP) | BIT32(EXCEPTION_CP))
#define GRAVE (CONTRIBUTORY | BIT32(EXCEPTION_PF))

enum event_outcome event_combine(uint32_t first, uint32_t second)
{
	uint32_t bit = BIT32(second % EXCEPTION_COUNT);

	if (first == EXCEPTION_DF) {
		return (GRAVE & bit) != 0 ? EVENT_TRIPLE : EVENT_NEW;
	}
	if (first == EXCEPTION_PF) {
		return (GRAVE & bit) != 0 ? EVENT_DOUBLE : EVENT_NEW;
	}
	return (CONTRIBUTORY >> first & 1) != 0 && (CONTRIBUTORY & bit) != 0 ? EVENT_DOUBLE
									     : EVENT_NEW;
}

static uint64_t on_top_of_exception(uint64_t first, uint64_t second)
{
	switch (event_combine((uint32_t)(first & EVENT_VECTOR),
			      (uint32_t)(second & EVENT_VECTOR))) {
	case EVENT_TRIPLE:
		return EVENT_SHUTDOWN;
	case EVENT_DOUBLE:
		return EXCEPTION_DF | EVENT_TYPE_EXCEPTION | EVENT_HAS_ERROR | EVENT_VALID;
	case EVENT_NEW:
		break;
	}
	return second;
}

void arch_vcpu_inject(struct vcpu_arch *vcpu, uint8_t vector, bool has_error_code,
		      uint32_t error_code)
{
	uint64_t event = vector | EVENT_TYPE_EXCEPTION | EVENT_VALID;
	uint64_t first = vcpu->pending_event;

	if (first == EVENT_SHUTDOWN) {
		return;
	}
	if (has_error_code) {
		event |= EVENT_HAS_ERROR | (uint64_t)error_code << EVENT_HIGH_SHIFT;
	}
	if (first != 0 && (first & EVENT_TYPE) == EVENT_TYPE_EXCEPTION) {
		event = on_top_of_exception(first, event);
	} else if (first != 0 && (first & EVENT_TYPE) == EVENT_TYPE_NMI) {
		vcpu->is_nmi_pending = true; /* after the exception; an interrupt is lost */
	}
	vcpu->pending_event = event;
}

uint64_t event_take(struct vcpu_arch *vcpu, uint64_t cr0)
{
	uint64_t event = vcpu->pending_event;

	vcpu->pending_event = 0;
	if ((event & EVENT_HAS_ERROR) != 0 && (cr0 & CR0_PE) == 0) {
		return low32(event & ~EVENT_HAS_ERROR); /* real mode has no error codes */
	}
	return event;
}
