/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's I/O APIC: pins, redirection entries, and which vCPUs a destination names. */
#include "hv/irq_route.h"

#include "arch/lapic.h"
#include "bits.h"
#include "hv/vm.h"

/*
 * Edge pins: an edge that comes while the pin is masked is delivered at unmasking if the line is
 * still high then, else it is lost. The 82093AA loses it always; software written for that works
 * here too, and a device whose line is up when its driver arrives is not stuck.
 *
 * Level pins: the guest's EOI reaches the real local APIC without an exit, so remote IRR would
 * never be cleared; it reads as 0. A line that stays high is delivered again when its entry is
 * written or its vector comes through the I/O APIC's EOI register. No model has a level line.
 */

#define ENTRY_MODE_SHIFT        8u
#define ENTRY_MODE_MASK         7u
#define ENTRY_DESTINATION_SHIFT 56u
/* Destination; mask, trigger, polarity, destination mode, delivery mode, vector. */
#define ENTRY_WRITABLE UINT64_C(0xff0000000001afff)

#define FLAT_MODEL       0xfu /* DFR bits 31:28 (SDM 3A, "Logical Destination Mode") */
#define BROADCAST_XAPIC  0xffu
#define BROADCAST_X2APIC UINT32_MAX

void irq_route_reset(struct vm *vm)
{
	struct irq_route *route = &vm->irq;

	spin_lock(&route->lock);
	for (uint32_t pin = 0; pin < IRQ_PIN_COUNT; pin++) {
		route->entry[pin] = IRQ_ENTRY_MASKED;
	}
	route->pending = 0;
	route->level = 0;
	spin_unlock(&route->lock);
}

static void deliver_entry(struct vm *vm, uint64_t entry)
{
	irq_route_deliver(vm, (uint32_t)(entry >> ENTRY_DESTINATION_SHIFT),
			  (entry & IRQ_ENTRY_LOGICAL) != 0,
			  (uint32_t)(entry >> ENTRY_MODE_SHIFT) & ENTRY_MODE_MASK,
			  (uint8_t)(entry & IRQ_ENTRY_VECTOR));
}

void irq_route_set(struct vm *vm, uint32_t pin, bool is_high)
{
	struct irq_route *route = &vm->irq;
	uint32_t bit = BIT32(pin);
	uint64_t entry;
	bool is_rising;

	spin_lock(&route->lock);
	entry = route->entry[pin];
	is_rising = is_high && (route->level & bit) == 0;
	if (is_high) {
		route->level |= bit;
	} else {
		route->level &= ~bit;
		route->pending &= ~bit;
	}
	if (is_rising && (entry & IRQ_ENTRY_MASKED) != 0) {
		route->pending |= bit;
	}
	spin_unlock(&route->lock);
	/* With the lock released: the message is under way, as on the interrupt bus. */
	if (is_rising && (entry & IRQ_ENTRY_MASKED) == 0) {
		deliver_entry(vm, entry);
	}
}

uint64_t irq_route_read(struct vm *vm, uint32_t pin)
{
	uint64_t entry;

	spin_lock(&vm->irq.lock);
	entry = vm->irq.entry[pin];
	spin_unlock(&vm->irq.lock);
	return entry;
}

void irq_route_write(struct vm *vm, uint32_t pin, uint64_t entry)
{
	struct irq_route *route = &vm->irq;
	uint32_t bit = BIT32(pin);
	bool is_due = false;

	entry &= ENTRY_WRITABLE;
	spin_lock(&route->lock);
	route->entry[pin] = entry;
	if ((entry & IRQ_ENTRY_MASKED) == 0) {
		is_due = (route->pending & bit) != 0 ||
			 ((entry & IRQ_ENTRY_LEVEL) != 0 && (route->level & bit) != 0);
		route->pending &= ~bit;
	}
	spin_unlock(&route->lock);
	if (is_due) {
		deliver_entry(vm, entry);
	}
}

static void send(struct vm *vm, uint64_t targets, uint32_t delivery_mode, uint8_t vector)
{
	while (targets != 0) {
		struct vcpu *vcpu = vm->vcpus[__builtin_ctzll(targets)];

		targets &= targets - 1;
		if (delivery_mode == LAPIC_DELIVERY_NMI) {
			vcpu_request(vcpu, VCPU_REQUEST_NMI);
		} else {
			vcpu_interrupt(vcpu, vector);
		}
	}
}

void irq_route_deliver(struct vm *vm, uint32_t destination, bool is_logical, uint32_t delivery_mode,
		       uint8_t vector)
{
	uint64_t targets = irq_route_targets(vm, destination, is_logical, false);

	switch (delivery_mode) {
	case LAPIC_DELIVERY_LOWEST:
		targets &= ~targets + 1; /* the lowest bit: any one target will do */
		break;
	case LAPIC_DELIVERY_FIXED:
	case LAPIC_DELIVERY_NMI:
		break;
	default: /* SMI, INIT, ExtINT: nothing that a guest's I/O APIC may send */
		return;
	}
	send(vm, targets, delivery_mode, vector);
}

static bool is_logical_target(const struct vcpu *vcpu, uint32_t destination)
{
	uint32_t id = atomic_load_explicit(&vcpu->logical_id, memory_order_relaxed);
	uint32_t format = atomic_load_explicit(&vcpu->logical_format, memory_order_relaxed);

	if (vcpu->arch.is_x2apic) {
		/* An 8-bit destination reaches cluster 0 only. */
		return vcpu->index < 16 && (destination & BIT32(vcpu->index)) != 0;
	}
	id >>= 24;
	if (format >> 28 == FLAT_MODEL) {
		return (id & destination) != 0;
	}
	return (destination >> 4 == 0xf || destination >> 4 == id >> 4) &&
	       (destination & id & 0xf) != 0;
}

/* SDM 3A, "Logical Destination Mode in x2APIC Mode": cluster = ID / 16, bit = ID % 16. */
static uint64_t cluster_targets(uint32_t destination)
{
	uint32_t cluster = destination >> 16;

	return cluster < CPU_MAX / 16 ? (uint64_t)(destination & 0xffff) << (cluster * 16) : 0;
}

uint64_t irq_route_targets(struct vm *vm, uint32_t destination, bool is_logical, bool is_x2apic)
{
	uint64_t all = vm->vcpu_count >= 64 ? ~UINT64_C(0) : BIT(vm->vcpu_count) - 1;
	uint64_t targets = 0;

	if (destination == (is_x2apic ? BROADCAST_X2APIC : BROADCAST_XAPIC)) {
		return all;
	}
	if (!is_logical) {
		return destination < vm->vcpu_count ? BIT(destination) : 0;
	}
	if (is_x2apic) {
		return cluster_targets(destination) & all;
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if (is_logical_target(vm->vcpus[i], destination)) {
			targets |= BIT(i);
		}
	}
	return targets;
}
