/* SPDX-License-Identifier: Apache-2.0 */
/* Which vCPUs a destination names, and what a message does to them. */
#include "hv/irq_route.h"

#include "arch/lapic.h"
#include "bits.h"
#include "hv/vm.h"

#define FLAT_MODEL       0xfu /* DFR bits 31:28 (SDM 3A, "Logical Destination Mode") */
#define BROADCAST_XAPIC  0xffu
#define BROADCAST_X2APIC UINT32_MAX

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

static void send_one(struct vcpu *target, uint32_t delivery_mode, uint8_t vector)
{
	switch (delivery_mode) {
	case LAPIC_DELIVERY_FIXED:
	case LAPIC_DELIVERY_LOWEST:
		vcpu_interrupt(target, vector);
		break;
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
		atomic_store_explicit(&target->sipi_vector, vector, memory_order_relaxed);
		vcpu_request(target, VCPU_REQUEST_SIPI);
		break;
	default: /* SMI belongs to the firmware; the rest is reserved, or ExtINT */
		break;
	}
}

void irq_route_send(struct vm *vm, uint64_t targets, uint32_t delivery_mode, uint8_t vector)
{
	if (delivery_mode == LAPIC_DELIVERY_LOWEST) {
		targets &= ~targets + 1; /* the lowest bit: any one target will do */
	}
	for (; targets != 0; targets &= targets - 1) {
		send_one(vm->vcpus[__builtin_ctzll(targets)], delivery_mode, vector);
	}
}

/* Not inlined, so that the usual message does without its stack frame. */
__attribute__((noinline)) static void deliver_any(struct vm *vm, uint32_t destination,
						  bool is_logical, uint32_t delivery_mode,
						  uint8_t vector)
{
	if (delivery_mode <= LAPIC_DELIVERY_LOWEST || delivery_mode == LAPIC_DELIVERY_NMI) {
		irq_route_send(vm, irq_route_targets(vm, destination, is_logical, false),
			       delivery_mode, vector);
	}
}

void irq_route_deliver(struct vm *vm, uint32_t destination, bool is_logical, uint32_t delivery_mode,
		       uint8_t vector)
{
	if (delivery_mode == LAPIC_DELIVERY_FIXED && !is_logical && destination < vm->vcpu_count) {
		vcpu_interrupt(vm->vcpus[destination], vector);
	} else {
		deliver_any(vm, destination, is_logical, delivery_mode, vector);
	}
}
