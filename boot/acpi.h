/* SPDX-License-Identifier: Apache-2.0 */
/* What the hypervisor is told of the firmware's ACPI tables. Pure: memory comes through a reader.
 */
#pragma once

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ports: 0 = none. */
struct acpi_facts {
	bool is_hardware_reduced;
	bool has_s5;
	uint8_t s5_type_a; /* SLP_TYP values */
	uint8_t s5_type_b;
	uint8_t acpi_enable; /* value for smi_command */
	uint16_t smi_command;
	uint16_t sleep_control; /* hardware-reduced machines */
	uint16_t pm1a_control;
	uint16_t pm1b_control;
	uint64_t ioapic_base; /* of the one with the UART's pin */
	uint32_t ioapic_gsi_base;
	uint32_t uart_gsi; /* where ISA interrupt 4 arrives */
};

/* Copies physical memory; false: not readable. */
typedef bool acpi_reader(void *context, uint64_t address, void *to, size_t size);

/* HV_NOT_FOUND: no usable root table. Tables that are broken count as absent. */
enum hv_status acpi_scan(acpi_reader *read, void *context, uint64_t rsdp,
			 struct acpi_facts *facts) MUST_CHECK;
