/* SPDX-License-Identifier: Apache-2.0 */
/* The list of port writes that end the machine. */
#include "power_plan.h"

#include "bits.h"

#define QEMU_EXIT_PORT      0xf4u
#define QEMU_EXIT_GOOD      0x10u /* as tools/run expects; QEMU's status is then 33 */
#define QEMU_EXIT_BAD_MAX   0x5fu
#define BOCHS_SHUTDOWN_PORT 0x8900u

/* ACPI 6.5, "PM1 Control Registers", "Sleep Control Register". */
#define PM1_SLEEP_TYPE_SHIFT 10u
#define PM1_SLEEP_TYPE_MASK  0x1c00u
#define PM1_SLEEP_ENABLE     0x2000u
#define SLEEP_TYPE_SHIFT     2u
#define SLEEP_ENABLE         0x20u
#define ACPI_ENABLE_US       1000000u

struct plan {
	struct boot_power_step *steps;
	uint32_t count;
};

static void add(struct plan *plan, struct boot_power_step step)
{
	plan->steps[plan->count++] = step;
}

static void end_emulator(struct plan *plan, const struct power_machine *machine)
{
	const char *word = "Shutdown";

	if (machine->is_qemu) {
		add(plan, (struct boot_power_step){.port = QEMU_EXIT_PORT,
						   .value = QEMU_EXIT_GOOD,
						   .code_max = QEMU_EXIT_BAD_MAX});
	}
	for (uint32_t i = 0; machine->is_bochs && word[i] != '\0'; i++) {
		add(plan, (struct boot_power_step){.port = BOCHS_SHUTDOWN_PORT,
						   .value = (uint8_t)word[i]});
	}
}

static void sleep_pm1(struct plan *plan, uint16_t port, uint8_t type)
{
	struct boot_power_step step = {
		.port = port,
		.value = (uint16_t)((uint32_t)type << PM1_SLEEP_TYPE_SHIFT),
		.is_wide = 1,
		.kept = (uint16_t) ~(PM1_SLEEP_TYPE_MASK | PM1_SLEEP_ENABLE),
	};

	if (port == 0) {
		return;
	}
	add(plan, step);
	step.value |= PM1_SLEEP_ENABLE;
	add(plan, step);
}

static void sleep_s5(struct plan *plan, const struct acpi_facts *acpi,
		     const struct power_machine *machine)
{
	if (!acpi->has_s5) {
		return;
	}
	if (acpi->is_hardware_reduced) {
		if (acpi->sleep_control != 0) {
			add(plan, (struct boot_power_step){
					  .port = acpi->sleep_control,
					  .value = (uint16_t)((uint32_t)acpi->s5_type_a
								      << SLEEP_TYPE_SHIFT |
							      SLEEP_ENABLE)});
		}
		return;
	}
	if (acpi->pm1a_control == 0) {
		return;
	}
	/* Firmware may have left the machine in legacy mode, where SLP_EN does nothing. */
	if (!machine->is_acpi_on && acpi->smi_command != 0 && acpi->acpi_enable != 0) {
		add(plan, (struct boot_power_step){.port = acpi->smi_command,
						   .value = acpi->acpi_enable,
						   .delay_us = ACPI_ENABLE_US});
	}
	sleep_pm1(plan, acpi->pm1a_control, acpi->s5_type_a);
	sleep_pm1(plan, acpi->pm1b_control, acpi->s5_type_b);
}

uint32_t power_plan(const struct acpi_facts *acpi, const struct power_machine *machine,
		    struct boot_power_step *steps)
{
	struct plan plan = {.steps = steps};

	end_emulator(&plan, machine);
	sleep_s5(&plan, acpi, machine);
	return plan.count;
}
