/* SPDX-License-Identifier: Apache-2.0 */
/* The real I/O APIC (Intel 82093AA datasheet). The loader has masked every pin. */
#include "ioapic.h"

#include "arch/lapic.h"
#include "bits.h"

#include <stddef.h>

#define OFFSET_SELECT           0x00u
#define OFFSET_WINDOW           0x10u
#define REG_ENTRY               0x10u
#define ENTRY_MASKED            BIT32(16)
#define ENTRY_MODE_SHIFT        8u
#define ENTRY_DESTINATION_SHIFT 24u   /* of the high half */
#define APIC_ID_MAX             0xfeu /* 0xff is broadcast */

static void set(volatile uint8_t *base, uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(base + OFFSET_SELECT) = reg;
	*(volatile uint32_t *)(base + OFFSET_WINDOW) = value;
}

bool ioapic_route_nmi(volatile uint8_t *base, uint32_t pin, uint32_t apic_id)
{
	if (base == NULL || apic_id > APIC_ID_MAX) {
		return false;
	}
	set(base, REG_ENTRY + pin * 2, ENTRY_MASKED);
	set(base, REG_ENTRY + pin * 2 + 1, apic_id << ENTRY_DESTINATION_SHIFT);
	set(base, REG_ENTRY + pin * 2, LAPIC_DELIVERY_NMI << ENTRY_MODE_SHIFT);
	return true;
}
