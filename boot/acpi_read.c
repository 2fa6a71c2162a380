/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the firmware's ACPI tables where the firmware has them. */
#include "acpi.h"

#include "loader.h"
#include "str.h"

#define ISA_UART_IRQ 4u

/* Only memory that the firmware itself says is memory: a bad pointer must not touch a device. */
static bool read_memory(void *context, uint64_t address, void *to, size_t size)
{
	const struct memmap *map = context;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct boot_memory *memory = &map->entries[i];
		uint64_t offset = address - memory->base;

		if (memory->type != BOOT_MEMORY_MMIO && offset < memory->size &&
		    size <= memory->size - offset) {
			memcpy(to, (const void *)address, size);
			return true;
		}
	}
	return false;
}

void acpi_read(struct loader *loader)
{
	/* Without tables the hypervisor probes, and ends emulators by their own doors. */
	loader->info->acpi.uart_gsi = ISA_UART_IRQ;
	(void)!acpi_scan(read_memory, &loader->map, loader->rsdp, &loader->info->acpi);
}
