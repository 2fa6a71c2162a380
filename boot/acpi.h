/* SPDX-License-Identifier: Apache-2.0 */
/* What the hypervisor is told of the firmware's ACPI tables. Pure: memory comes through a reader.
 */
#pragma once

#include "boot_abi.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies physical memory; false: not readable. */
typedef bool acpi_reader(void *context, uint64_t address, void *to, size_t size);

/* HV_NOT_FOUND: no usable root table. Tables that are broken count as absent. */
enum hv_status acpi_scan(acpi_reader *read, void *context, uint64_t rsdp,
			 struct boot_acpi *facts) MUST_CHECK;
