/* SPDX-License-Identifier: Apache-2.0 */
/* The real I/O APIC (Intel 82093AA datasheet). */
#include "ioapic.h"

#include "arch/lapic.h"
#include "bits.h"

#include <stddef.h>

#define OFFSET_SELECT           0x00u
#define OFFSET_WINDOW           0x10u
#define REG_VERSION             1u
#define REG_ENTRY               0x10u
#define ENTRY_MASKED            BIT32(16)
#define ENTRY_MODE_SHIFT        8u
#define ENTRY_DESTINATION_SHIFT 24u   /* of the high half */
#define APIC_ID_MAX             0xfeu /* 0xff is broadcast */
#define PIN_MAX                 240u

static struct {
	volatile uint8_t *base; /* NULL: none */
	uint32_t pin_count;
} ioapic;

static uint32_t get(uint32_t reg)
{
	*(volatile uint32_t *)(ioapic.base + OFFSET_SELECT) = reg;
	return *(volatile uint32_t *)(ioapic.base + OFFSET_WINDOW);
}

static void set(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(ioapic.base + OFFSET_SELECT) = reg;
	*(volatile uint32_t *)(ioapic.base + OFFSET_WINDOW) = value;
}

void ioapic_init(volatile uint8_t *base)
{
	uint32_t version;

	ioapic.base = base;
	if (ioapic.base == NULL) {
		return;
	}
	version = get(REG_VERSION);
	ioapic.pin_count = (version >> 16 & 0xff) + 1;
	if (version == UINT32_MAX || (version & 0xff) == 0 || ioapic.pin_count > PIN_MAX) {
		ioapic.base = NULL;
		return;
	}
	/* Whatever the firmware has left must not reach a CPU that now belongs to a guest. */
	for (uint32_t pin = 0; pin < ioapic.pin_count; pin++) {
		set(REG_ENTRY + pin * 2, ENTRY_MASKED);
	}
}

bool ioapic_route_nmi(uint32_t pin, uint32_t apic_id)
{
	if (ioapic.base == NULL || pin >= ioapic.pin_count || apic_id > APIC_ID_MAX) {
		return false;
	}
	set(REG_ENTRY + pin * 2, ENTRY_MASKED);
	set(REG_ENTRY + pin * 2 + 1, apic_id << ENTRY_DESTINATION_SHIFT);
	set(REG_ENTRY + pin * 2, LAPIC_DELIVERY_NMI << ENTRY_MODE_SHIFT);
	return true;
}
