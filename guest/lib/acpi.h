/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI tables as the platform shows them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* ACPI 6.4, "System Description Table Header". */
struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
};
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI's table header");

/* ACPI 6.4, "Root System Description Pointer (RSDP) Structure". */
struct acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

#define ACPI_MADT_LOCAL_APIC   0u
#define ACPI_MADT_IO_APIC      1u
#define ACPI_MADT_OVERRIDE     2u
#define ACPI_MADT_LOCAL_X2APIC 9u

/* ACPI 6.4, "Fixed ACPI Description Table (FADT)": offsets from the table's start. */
#define ACPI_FADT_FLAGS                 112u
#define ACPI_FADT_RESET_REGISTER        116u
#define ACPI_FADT_RESET_VALUE           128u
#define ACPI_FADT_X_DSDT                140u
#define ACPI_FADT_SLEEP_CONTROL         244u
#define ACPI_FADT_SLEEP_STATUS          256u
#define ACPI_FADT_FLAG_HARDWARE_REDUCED (1u << 20)
#define ACPI_FADT_FLAG_RESET            (1u << 10)

/* From the boot information, else by search in 0xE0000 to 0xFFFFF; NULL: none. */
const struct acpi_rsdp *acpi_find_rsdp(void);
const struct acpi_header *acpi_find(const char *signature); /* NULL: none */
bool acpi_is_sum_zero(const void *bytes, uint32_t size);

/* Calls visit for every MADT entry: type, bytes of the entry, its length. */
void acpi_visit_madt(void (*visit)(uint8_t type, const uint8_t *entry, uint8_t length));

uint32_t acpi_read32(const void *table, uint32_t offset);
uint64_t acpi_read64(const void *table, uint32_t offset);

/* Port of the FADT's sleep control register; 0: none. */
uint16_t acpi_sleep_control_port(void);
