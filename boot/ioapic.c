/* SPDX-License-Identifier: Apache-2.0 */
/* Silences the I/O APIC (Intel 82093AA datasheet) before the hypervisor gets it. */
#include "loader.h"

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define REG_VERSION   1u
#define REG_ENTRY     0x10u
#define ENTRY_MASKED  BIT32(16)
#define PIN_MAX       240u

static void choose(uint64_t base, uint32_t reg)
{
	*(volatile uint32_t *)(base + OFFSET_SELECT) = reg;
}

void ioapic_silence(struct loader *loader)
{
	struct boot_info *info = loader->info;
	volatile uint32_t *window = (volatile uint32_t *)(loader->ioapic + OFFSET_WINDOW);
	uint32_t version;
	uint32_t pin_count;

	choose(loader->ioapic, REG_VERSION);
	version = *window;
	pin_count = (version >> 16 & 0xff) + 1;
	if (version == UINT32_MAX || (version & 0xff) == 0 || pin_count > PIN_MAX) {
		info->ioapic_base = 0;
		return;
	}
	/* Whatever the firmware has left must not reach a CPU that then belongs to a guest. */
	for (uint32_t pin = 0; pin < pin_count; pin++) {
		choose(loader->ioapic, REG_ENTRY + pin * 2);
		*window = ENTRY_MASKED;
	}
	if (info->uart_pin >= pin_count) {
		info->ioapic_base = 0;
	}
}
