/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI table look-up. */
#include "acpi.h"

#include "boot.h"
#include "str.h"

#include <stddef.h>

#define SCAN_FIRST   0xe0000u
#define SCAN_END     0x100000u
#define MADT_ENTRIES 44u
#define GAS_ADDRESS  4u /* of a generic address structure */
#define GAS_IO       1u

static const void *at(uint64_t address)
{
	return (const void *)(uintptr_t)address;
}

bool acpi_is_sum_zero(const void *bytes, uint32_t size)
{
	const uint8_t *byte = bytes;
	uint8_t sum = 0;

	for (uint32_t i = 0; i < size; i++) {
		sum = (uint8_t)(sum + byte[i]);
	}
	return sum == 0;
}

const struct acpi_rsdp *acpi_find_rsdp(void)
{
	if (boot_data.rsdp != 0) {
		return at(boot_data.rsdp);
	}
	for (uint32_t address = SCAN_FIRST; address < SCAN_END; address += 16) {
		if (memcmp(at(address), "RSD PTR ", 8) == 0 && acpi_is_sum_zero(at(address), 20)) {
			return at(address);
		}
	}
	return NULL;
}

uint32_t acpi_read32(const void *table, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, (const uint8_t *)table + offset, sizeof(value));
	return value;
}

uint64_t acpi_read64(const void *table, uint32_t offset)
{
	return (uint64_t)acpi_read32(table, offset + 4) << 32 | acpi_read32(table, offset);
}

const struct acpi_header *acpi_find(const char *signature)
{
	const struct acpi_rsdp *rsdp = acpi_find_rsdp();
	const struct acpi_header *root;
	uint32_t size;

	if (rsdp == NULL) {
		return NULL;
	}
	size = rsdp->revision >= 2 && rsdp->xsdt != 0 ? 8 : 4;
	root = at(size == 8 ? rsdp->xsdt : rsdp->rsdt);
	if (memcmp(signature, root->signature, 4) == 0) {
		return root;
	}
	for (uint32_t offset = sizeof(*root); offset + size <= root->length; offset += size) {
		const struct acpi_header *table =
			at(size == 8 ? acpi_read64(root, offset) : acpi_read32(root, offset));

		if (memcmp(signature, table->signature, 4) == 0) {
			return table;
		}
	}
	return NULL;
}

void acpi_visit_madt(void (*visit)(uint8_t type, const uint8_t *entry, uint8_t length))
{
	const struct acpi_header *madt = acpi_find("APIC");

	if (madt == NULL) {
		return;
	}
	for (uint32_t offset = MADT_ENTRIES; offset + 2 <= madt->length;) {
		const uint8_t *entry = (const uint8_t *)madt + offset;

		if (entry[1] < 2) {
			break;
		}
		visit(entry[0], entry, entry[1]);
		offset += entry[1];
	}
}

uint16_t acpi_sleep_control_port(void)
{
	const struct acpi_header *fadt = acpi_find("FACP");

	if (fadt == NULL || fadt->length < ACPI_FADT_SLEEP_CONTROL + 12 ||
	    *((const uint8_t *)fadt + ACPI_FADT_SLEEP_CONTROL) != GAS_IO) {
		return 0;
	}
	return (uint16_t)acpi_read32(fadt, ACPI_FADT_SLEEP_CONTROL + GAS_ADDRESS);
}
