/* SPDX-License-Identifier: Apache-2.0 */
/* Power-off: which ports are touched on which machine. */
/* Links: drivers/hw/power.c boot/power_plan.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_io.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "boot_abi.h"
#include "fake.h"
#include "hv/platform.h"
#include "power_plan.h"
#include "tap.h"
#include "uart16550.h"

static struct boot_info boot;
static struct acpi_facts acpi;
static struct power_machine machine;
static uint32_t drain_count;

void uart16550_drain(void)
{
	drain_count++;
}

static void begin(void)
{
	fake_reset();
	memset(&boot, 0, sizeof(boot));
	acpi = (struct acpi_facts){0};
	machine = (struct power_machine){0};
	drain_count = 0;
}

static void power_off(uint32_t code)
{
	boot.power_count = power_plan(&acpi, &machine, boot.power);
	TAP_CHECK(boot.power_count <= BOOT_POWER_MAX);
	platform_power_init(&boot);
	fake_ports.access_count = 0;
	platform_power_off(code);
	TAP_EQUAL(drain_count, 1);
}

static void check_access(uint32_t index, uint16_t port, uint32_t value)
{
	TAP_EQUAL(fake_ports.log[index].port, port);
	TAP_EQUAL(fake_ports.log[index].is_write, true);
	TAP_EQUAL(fake_ports.log[index].value, value);
}

/* No emulator, no tables: no port is touched. */
static void test_unknown(void)
{
	begin();
	power_off(0);
	TAP_EQUAL(fake_ports.access_count, 0);
}

static void test_too_early(void)
{
	begin();
	acpi.has_s5 = true;
	acpi.pm1a_control = 0x604;
	boot.power_count = power_plan(&acpi, &machine, boot.power);
	TAP_EQUAL(boot.power_count, 2);
	platform_power_off(3); /* before platform_power_init() */
	TAP_EQUAL(fake_ports.access_count, 0);
}

static void test_qemu(void)
{
	begin();
	machine.is_qemu = true;
	power_off(0);
	TAP_EQUAL(fake_ports.access_count, 1);
	check_access(0, 0xf4, 0x10);
	begin();
	machine.is_qemu = true;
	power_off(2);
	check_access(0, 0xf4, 0x12);
	begin();
	machine.is_qemu = true;
	power_off(UINT32_MAX); /* never wraps into "all went well" */
	check_access(0, 0xf4, 0x6f);
}

static void test_bochs(void)
{
	begin();
	machine.is_bochs = true;
	power_off(0);
	TAP_EQUAL(fake_ports.access_count, 8);
	for (uint32_t i = 0; i < 8; i++) {
		check_access(i, 0x8900, (uint8_t) "Shutdown"[i]);
	}
}

static void test_s5(void)
{
	begin();
	acpi = (struct acpi_facts){.has_s5 = true,
				   .s5_type_a = 5,
				   .s5_type_b = 6,
				   .pm1a_control = 0x604,
				   .pm1b_control = 0x704};
	machine.is_acpi_on = true;
	fake_ports.value[0x604] = 0x1c01;
	fake_ports.value[0x704] = 0x0001;
	power_off(0);
	TAP_EQUAL(fake_ports.access_count, 8);
	check_access(1, 0x604, 5 << 10 | 1);
	check_access(3, 0x604, 5 << 10 | 1 | 0x2000);
	check_access(5, 0x704, 6 << 10 | 1);
	check_access(7, 0x704, 6 << 10 | 1 | 0x2000);
}

static void enable_on_smi(uint16_t port, uint32_t size, uint32_t value)
{
	(void)size;
	if (port == 0xb2 && value == 0xf1) {
		fake_ports.value[0x604] = 1;
	}
}

static void test_legacy_mode(void)
{
	begin();
	acpi = (struct acpi_facts){
		.has_s5 = true, .pm1a_control = 0x604, .smi_command = 0xb2, .acpi_enable = 0xf1};
	fake_ports.value[0x604] = 0;
	fake_ports.on_write = enable_on_smi;
	power_off(0);
	check_access(0, 0xb2, 0xf1);
	TAP_EQUAL(fake_ports.log[fake_ports.access_count - 1].value, 0x2001);
}

static void test_hardware_reduced(void)
{
	begin();
	acpi = (struct acpi_facts){.has_s5 = true,
				   .s5_type_a = 5,
				   .is_hardware_reduced = true,
				   .sleep_control = 0x600,
				   .pm1a_control = 0x604};
	power_off(0);
	TAP_EQUAL(fake_ports.access_count, 1);
	check_access(0, 0x600, 0x34);
}

static const struct tap_case cases[] = {
	{"before the machine is known", test_too_early},
	{"unknown machine", test_unknown},
	{"QEMU", test_qemu},
	{"Bochs", test_bochs},
	{"ACPI S5", test_s5},
	{"ACPI switched on first", test_legacy_mode},
	{"hardware-reduced ACPI", test_hardware_reduced},
};
TAP_MAIN(cases)
