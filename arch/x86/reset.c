/* SPDX-License-Identifier: Apache-2.0 */
/* Resetting the machine. */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/port_io.h"
#include "regs.h"

#include <stddef.h>

#define RESET_CONTROL 0xcf9u       /* PIIX, ICH and successors: "Reset Control Register" */
#define RESET_CONTROL_FULL 0x0eu   /* full reset, system reset, then the trigger bit 2 */
#define RESET_CONTROL_ARM 0x0au
#define KEYBOARD_STATUS 0x64u
#define KEYBOARD_COMMAND_RESET 0xfeu
#define SETTLE_US 50000u

static struct {
	uint16_t port;             /* 0 = none */
	volatile uint8_t *address; /* NULL = none */
	uint8_t value;
} acpi_reset;

void arch_machine_set_reset(uint16_t port, volatile void *address, uint8_t value)
{
	acpi_reset.port = port;
	acpi_reset.address = address;
	acpi_reset.value = value;
}

void arch_machine_reset(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) no_idt = {0, 0};

	if (acpi_reset.address != NULL) {
		*acpi_reset.address = acpi_reset.value;
		arch_delay_us(SETTLE_US);
	}
	if (acpi_reset.port != 0) {
		arch_out8(acpi_reset.port, acpi_reset.value);
		arch_delay_us(SETTLE_US);
	}
	arch_out8(RESET_CONTROL, RESET_CONTROL_ARM);
	arch_out8(RESET_CONTROL, RESET_CONTROL_FULL);
	arch_delay_us(SETTLE_US);
	arch_out8(KEYBOARD_STATUS, KEYBOARD_COMMAND_RESET);
	arch_delay_us(SETTLE_US);
	/* A fault without an IDT is a triple fault, which chipsets turn into a reset. */
	__asm__ volatile("lidt %0\n\tud2" : : "m"(no_idt) : "memory");
	arch_cpu_halt();
}
