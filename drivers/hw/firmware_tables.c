/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the firmware's tables through this CPU's window. */
#include "firmware_tables.h"

#include "arch/mmu.h"
#include "bits.h"
#include "boot_abi.h"
#include "str.h"

#define SLOT 1u

/* Only memory that the firmware itself says is memory: a bad pointer must not touch a device. */
static bool is_memory(const struct boot_info *boot, uint64_t address, size_t size)
{
	const struct boot_memory *memory = arch_pa_to_va(hpa_from_u64(boot->memory));

	for (uint32_t i = 0; i < boot->memory_count; i++) {
		uint64_t offset = address - memory[i].base;

		if (memory[i].type != BOOT_MEMORY_MMIO && address >= memory[i].base &&
		    offset < memory[i].size && size <= memory[i].size - offset) {
			return true;
		}
	}
	return false;
}

/* A piece in one frame. */
static void copy_piece(uint64_t address, uint8_t *to, size_t size)
{
	const void *window = arch_window_map(SLOT, hpa_from_u64(address));

	memcpy(to, window, size);
	arch_window_unmap(SLOT);
}

static bool read_physical(void *context, uint64_t address, void *to, size_t size)
{
	uint8_t *bytes = to;

	if (!is_memory(context, address, size)) {
		return false;
	}
	while (size > 0) {
		size_t piece = min_u64(size, FRAME_SIZE - address % FRAME_SIZE);

		copy_piece(address, bytes, piece);
		address += piece;
		bytes += piece;
		size -= piece;
	}
	return true;
}

const struct acpi_facts *firmware_tables(const struct boot_info *boot)
{
	static struct acpi_facts facts = {.uart_gsi = 4};
	static bool is_read;

	if (!is_read) {
		is_read = true;
		if (acpi_scan(read_physical, (void *)(uintptr_t)boot, boot->rsdp, &facts) != HV_OK) {
			facts.uart_gsi = 4;
		}
	}
	return &facts;
}
