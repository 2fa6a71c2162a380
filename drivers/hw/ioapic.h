/* SPDX-License-Identifier: Apache-2.0 */
/* The real I/O APIC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Masks every pin. NULL, or nothing at that address: it stays unused. */
void ioapic_init(volatile uint8_t *base);
/* An edge at `pin` becomes an NMI at the CPU. False: no such pin, or the APIC ID does not fit. */
bool ioapic_route_nmi(uint32_t pin, uint32_t apic_id);
