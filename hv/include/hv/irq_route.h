/* SPDX-License-Identifier: Apache-2.0 */
/* From a device model's interrupt line to a vector at a vCPU: the state of the guest's I/O APIC. */
#pragma once

#include "arch/spin.h"

#include <stdbool.h>
#include <stdint.h>

struct vm;

#define IRQ_PIN_COUNT 24u

/* Redirection entry bits (82093AA IOAPIC datasheet, "IOREDTBL"). */
#define IRQ_ENTRY_VECTOR  0xffu
#define IRQ_ENTRY_LOGICAL (1u << 11)
#define IRQ_ENTRY_LEVEL   (1u << 15)
#define IRQ_ENTRY_MASKED  (1u << 16)

struct irq_route {
	struct spin_lock lock;
	uint64_t entry[IRQ_PIN_COUNT];
	uint32_t pending; /* pins whose edge came while masked */
	uint32_t level;   /* pins held high by their model */
};

void irq_route_reset(struct vm *vm);
/* A model's line went up (an edge) or down. Any CPU. */
void irq_route_set(struct vm *vm, uint32_t pin, bool is_high);
uint64_t irq_route_read(struct vm *vm, uint32_t pin);
void irq_route_write(struct vm *vm, uint32_t pin, uint64_t entry);

/* Delivers a vector by a guest's destination (xAPIC format, 8 bits) and delivery mode. */
void irq_route_deliver(struct vm *vm, uint32_t destination, bool is_logical, uint32_t delivery_mode,
		       uint8_t vector);

/* vCPUs (bit per index) that an APIC destination names. is_x2apic: 32-bit destination format. */
uint64_t irq_route_targets(struct vm *vm, uint32_t destination, bool is_logical, bool is_x2apic);
