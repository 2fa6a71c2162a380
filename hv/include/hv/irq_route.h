/* SPDX-License-Identifier: Apache-2.0 */
/* From an interrupt message to the vCPUs it names. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vm;

/* vCPUs (bit per index) that an APIC destination names. is_x2apic: 32-bit destination format. */
uint64_t irq_route_targets(struct vm *vm, uint32_t destination, bool is_logical, bool is_x2apic);

/* Does what LAPIC_DELIVERY_* says to the targets, or to one of them (lowest priority). Any CPU. */
void irq_route_send(struct vm *vm, uint64_t targets, uint32_t delivery_mode, uint8_t vector);

/* A device's message: destination in xAPIC format, 8 bits; only fixed, lowest priority and NMI are
 * heard. */
void irq_route_deliver(struct vm *vm, uint32_t destination, bool is_logical, uint32_t delivery_mode,
		       uint8_t vector);
