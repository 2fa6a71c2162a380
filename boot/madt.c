/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU list of the ACPI MADT. */
#include "madt.h"

#include "str.h"

#include <stdbool.h>

/* ACPI Specification, "Multiple APIC Description Table (MADT)". */
#define MADT_FIRST_ENTRY       44u
#define MADT_LOCAL_APIC        0u
#define MADT_LOCAL_X2APIC      9u
#define MADT_LOCAL_APIC_SIZE   8u
#define MADT_LOCAL_X2APIC_SIZE 16u
#define MADT_FLAG_ENABLED      1u

static uint32_t read_u32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* Some firmware lists the CPUs below 255 in both forms. */
static bool is_known(const struct boot_cpu *cpus, uint32_t count, uint32_t apic_id)
{
	for (uint32_t i = 0; i < count; i++) {
		if (cpus[i].apic_id == apic_id) {
			return true;
		}
	}
	return false;
}

static bool decode(const uint8_t *entry, uint32_t *apic_id)
{
	uint32_t flags;

	if (entry[0] == MADT_LOCAL_APIC && entry[1] >= MADT_LOCAL_APIC_SIZE) {
		*apic_id = entry[3];
		flags = read_u32(entry + 4);
	} else if (entry[0] == MADT_LOCAL_X2APIC && entry[1] >= MADT_LOCAL_X2APIC_SIZE) {
		*apic_id = read_u32(entry + 4);
		flags = read_u32(entry + 8);
	} else {
		return false;
	}
	return (flags & MADT_FLAG_ENABLED) != 0;
}

uint32_t madt_cpus(const void *table, size_t size, struct boot_cpu *cpus, uint32_t capacity)
{
	const uint8_t *bytes = table;
	size_t at = MADT_FIRST_ENTRY;
	uint32_t count = 0;
	uint32_t apic_id;

	while (at < size && size - at >= 2) {
		size_t length = bytes[at + 1];

		if (length < 2 || length > size - at) {
			break;
		}
		if (decode(bytes + at, &apic_id) &&
		    !is_known(cpus, count < capacity ? count : capacity, apic_id)) {
			if (count < capacity) {
				cpus[count] = (struct boot_cpu){.apic_id = apic_id};
			}
			count++;
		}
		at += length;
	}
	return count;
}

uint32_t madt_sort(struct boot_cpu *cpus, uint32_t count, uint32_t capacity, uint32_t boot_apic_id)
{
	if (!is_known(cpus, count, boot_apic_id)) {
		/* Better one CPU less than a list without the one that runs. */
		count += count < capacity ? 1 : 0;
		cpus[count - 1] = (struct boot_cpu){.apic_id = boot_apic_id};
	}
	for (uint32_t i = 0; i < count; i++) {
		struct boot_cpu cpu = cpus[i];
		uint32_t at = i;

		cpu.is_boot_cpu = cpu.apic_id == boot_apic_id;
		while (at > 0 && !cpus[at - 1].is_boot_cpu &&
		       (cpu.is_boot_cpu || cpus[at - 1].apic_id > cpu.apic_id)) {
			cpus[at] = cpus[at - 1];
			at--;
		}
		cpus[at] = cpu;
	}
	return count;
}
