/* SPDX-License-Identifier: Apache-2.0 */
/* The real I/O APIC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* An edge at `pin`, which exists, becomes an NMI at the CPU. False: no I/O APIC (base NULL), or the
 * APIC ID does not fit. */
bool ioapic_route_nmi(volatile uint8_t *base, uint32_t pin, uint32_t apic_id);
