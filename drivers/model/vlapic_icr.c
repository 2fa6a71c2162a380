/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt command register of a vCPU: decoded in full, then sent inside the partition only.
 */
#include "arch/lapic.h"
#include "bits.h"
#include "hv/irq_route.h"
#include "hv/vm.h"
#include "vlapic.h"

#include <stdatomic.h>

/* SDM 3A, "Interrupt Command Register (ICR)". */
#define ICR_VECTOR          0xffu
#define ICR_MODE_SHIFT      8u
#define ICR_MODE_MASK       7u
#define ICR_LOGICAL         BIT32(11)
#define ICR_ASSERT          BIT32(14)
#define ICR_LEVEL           BIT32(15)
#define ICR_SHORTHAND_SHIFT 18u
#define ICR_SHORTHAND_MASK  3u
#define ICR_NOT_PLAIN                                                                              \
	(ICR_MODE_MASK << ICR_MODE_SHIFT | ICR_LOGICAL | ICR_SHORTHAND_MASK << ICR_SHORTHAND_SHIFT)

#define FIRST_VECTOR 16u

enum shorthand {
	SHORTHAND_NONE,
	SHORTHAND_SELF,
	SHORTHAND_ALL,
	SHORTHAND_OTHERS,
};

struct message {
	uint8_t vector;
	uint32_t mode;      /* LAPIC_DELIVERY_* */
	uint32_t shorthand; /* enum shorthand */
	uint64_t targets;   /* vCPUs, bit per index */
};

static uint64_t targets_of(struct vcpu *vcpu, uint32_t low, uint32_t destination,
			   uint32_t shorthand)
{
	uint64_t self = BIT(vcpu->index);
	uint64_t all = irq_route_targets(vcpu->vm, UINT32_MAX, false, true);

	switch (shorthand) {
	case SHORTHAND_SELF:
		return self;
	case SHORTHAND_ALL:
		return all;
	case SHORTHAND_OTHERS:
		return all & ~self;
	default:
		return irq_route_targets(vcpu->vm, destination, (low & ICR_LOGICAL) != 0,
					 vcpu->arch.is_x2apic);
	}
}

/* False: nothing to send, *error says what ESR shows. */
static bool decode(struct vcpu *vcpu, uint32_t low, uint32_t destination, struct message *message,
		   uint32_t *error)
{
	message->vector = (uint8_t)(low & ICR_VECTOR);
	message->mode = low >> ICR_MODE_SHIFT & ICR_MODE_MASK;
	message->shorthand = low >> ICR_SHORTHAND_SHIFT & ICR_SHORTHAND_MASK;
	message->targets = targets_of(vcpu, low, destination, message->shorthand);
	switch (message->mode) {
	case LAPIC_DELIVERY_LOWEST:
		message->targets &= ~message->targets + 1; /* any one will do */
		break;
	case LAPIC_DELIVERY_FIXED:
		break;
	case LAPIC_DELIVERY_INIT:
		if ((low & (ICR_LEVEL | ICR_ASSERT)) == ICR_LEVEL) {
			return false; /* "INIT level de-assert": modern CPUs ignore it */
		}
		break;
	case LAPIC_DELIVERY_NMI:
	case LAPIC_DELIVERY_STARTUP:
		break;
	default: /* SMI belongs to the firmware; the rest is reserved */
		return false;
	}
	if (message->mode <= LAPIC_DELIVERY_LOWEST) {
		*error = message->vector < FIRST_VECTOR ? VLAPIC_ERROR_VECTOR : 0;
	} else if (message->shorthand == SHORTHAND_SELF || message->shorthand == SHORTHAND_ALL) {
		return false; /* "Valid Combinations for the ... ICR": not with these modes */
	}
	if (message->targets == 0 && message->shorthand == SHORTHAND_NONE) {
		*error |= VLAPIC_ERROR_ACCEPT;
	}
	return *error == 0;
}

static void send_one(struct vcpu *target, const struct message *message)
{
	switch (message->mode) {
	case LAPIC_DELIVERY_NMI:
		vcpu_request(target, VCPU_REQUEST_NMI);
		break;
	case LAPIC_DELIVERY_INIT:
		/* A SIPI from before this INIT must not start the vCPU after it. */
		atomic_fetch_and_explicit(&target->requests, ~VCPU_REQUEST_SIPI,
					  memory_order_relaxed);
		vcpu_request(target, VCPU_REQUEST_INIT);
		break;
	case LAPIC_DELIVERY_STARTUP:
		atomic_store_explicit(&target->sipi_vector, message->vector, memory_order_relaxed);
		vcpu_request(target, VCPU_REQUEST_SIPI);
		break;
	default:
		vcpu_interrupt(target, message->vector);
		break;
	}
}

void vlapic_icr_send(struct vlapic *lapic, struct vcpu *vcpu, uint32_t low, uint32_t destination)
{
	struct message message;
	uint32_t error = 0;
	uint8_t vector = (uint8_t)(low & ICR_VECTOR);

	/* The common case: a fixed vector to one vCPU by its ID. */
	if ((low & ICR_NOT_PLAIN) == 0 && destination < vcpu->vm->vcpu_count &&
	    vector >= FIRST_VECTOR) {
		vcpu_interrupt(vcpu->vm->vcpus[destination], vector);
		return;
	}
	if (!decode(vcpu, low, destination, &message, &error)) {
		lapic->error_pending |= error;
		return;
	}
	while (message.targets != 0) {
		send_one(vcpu->vm->vcpus[__builtin_ctzll(message.targets)], &message);
		message.targets &= message.targets - 1;
	}
}
