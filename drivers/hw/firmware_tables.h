/* SPDX-License-Identifier: Apache-2.0 */
/* This machine's ACPI facts, read once. */
#pragma once

#include "acpi.h"

struct boot_info;

/* All zero, but for uart_gsi, where the firmware has no tables. */
const struct acpi_facts *firmware_tables(const struct boot_info *boot);
