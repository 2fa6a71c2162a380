/* SPDX-License-Identifier: Apache-2.0 */
/* How the hypervisor will end the machine: an emulator by its own door, a real one by ACPI. Pure.
 */
#pragma once

#include "acpi.h"
#include "boot_abi.h"

#include <stdbool.h>

/* What the machine shows besides its tables. */
struct power_machine {
	bool is_qemu;
	bool is_bochs;
	bool is_acpi_on; /* PM1a control has SCI_EN: nothing has to be switched on first */
};

/* Fills steps[BOOT_POWER_MAX]; gives their number, which is 0 where nothing is known. */
uint32_t power_plan(const struct acpi_facts *acpi, const struct power_machine *machine,
		    struct boot_power_step *steps);
