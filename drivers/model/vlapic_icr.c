/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt command register of a vCPU: decoded in full, then sent inside the partition only.
 */
#include "arch/lapic.h"
#include "bits.h"
#include "hv/irq_route.h"
#include "hv/vm.h"
#include "vlapic.h"

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
#define MODES_SENT                                                                                 \
	(BIT32(LAPIC_DELIVERY_FIXED) | BIT32(LAPIC_DELIVERY_LOWEST) | BIT32(LAPIC_DELIVERY_NMI) |  \
	 BIT32(LAPIC_DELIVERY_INIT) | BIT32(LAPIC_DELIVERY_STARTUP))

enum shorthand {
	SHORTHAND_NONE,
	SHORTHAND_SELF,
	SHORTHAND_ALL,
	SHORTHAND_OTHERS,
};

static uint64_t targets_of(struct vcpu *vcpu, uint32_t low, uint32_t destination)
{
	uint64_t self = BIT(vcpu->index);
	uint64_t all = irq_route_targets(vcpu->vm, UINT32_MAX, false, true);

	switch (low >> ICR_SHORTHAND_SHIFT & ICR_SHORTHAND_MASK) {
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

void vlapic_icr_send(struct vlapic *lapic, struct vcpu *vcpu, uint32_t low, uint32_t destination)
{
	uint32_t mode = low >> ICR_MODE_SHIFT & ICR_MODE_MASK;
	uint32_t shorthand = low >> ICR_SHORTHAND_SHIFT & ICR_SHORTHAND_MASK;
	uint8_t vector = (uint8_t)(low & ICR_VECTOR);
	uint32_t error = 0;
	uint64_t targets;

	/* The common case: a fixed vector to one vCPU by its ID. */
	if ((low & ICR_NOT_PLAIN) == 0 && destination < vcpu->vm->vcpu_count &&
	    vector >= FIRST_VECTOR) {
		vcpu_interrupt(vcpu->vm->vcpus[destination], vector);
		return;
	}
	if ((BIT32(mode) & MODES_SENT) == 0) {
		return; /* SMI belongs to the firmware; the rest is reserved */
	}
	if (mode == LAPIC_DELIVERY_INIT && (low & (ICR_LEVEL | ICR_ASSERT)) == ICR_LEVEL) {
		return; /* "INIT level de-assert": modern CPUs ignore it */
	}
	if (mode <= LAPIC_DELIVERY_LOWEST) {
		error = vector < FIRST_VECTOR ? VLAPIC_ERROR_VECTOR : 0;
	} else if (shorthand == SHORTHAND_SELF || shorthand == SHORTHAND_ALL) {
		return; /* "Valid Combinations for the ... ICR": not with these modes */
	}
	targets = targets_of(vcpu, low, destination);
	if (targets == 0 && shorthand == SHORTHAND_NONE) {
		error |= VLAPIC_ERROR_ACCEPT;
	}
	lapic->error_pending |= error;
	if (error == 0) {
		irq_route_send(vcpu->vm, targets, mode, vector);
	}
}
