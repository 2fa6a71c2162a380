/* SPDX-License-Identifier: Apache-2.0 */
/* I/O APIC. */
#include "apic.h"

static volatile uint32_t *page_register(uint32_t offset)
{
	return (volatile uint32_t *)(uintptr_t)(IOAPIC_PAGE + offset);
}

uint32_t ioapic_read(uint32_t index)
{
	*page_register(IOAPIC_SELECT) = index;
	return *page_register(IOAPIC_WINDOW);
}

void ioapic_write(uint32_t index, uint32_t value)
{
	*page_register(IOAPIC_SELECT) = index;
	*page_register(IOAPIC_WINDOW) = value;
}

void ioapic_route(uint32_t pin, uint8_t destination, uint32_t low)
{
	ioapic_write(IOAPIC_REG_ENTRY + 2 * pin, IOAPIC_MASKED);
	ioapic_write(IOAPIC_REG_ENTRY + 2 * pin + 1, (uint32_t)destination << 24);
	ioapic_write(IOAPIC_REG_ENTRY + 2 * pin, low);
}
