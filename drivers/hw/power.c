/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the machine: an emulator by its own door, a real machine by ACPI. */
#include "hv/platform.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/port_io.h"
#include "bits.h"
#include "boot_abi.h"
#include "uart16550.h"

/*
 * Ports that mean something else, or something harmful, on a real machine are touched only after
 * the emulator has shown itself:
 * - QEMU (TCG or KVM) by CPUID leaf 0x40000000. On other KVM hosts nothing is at this port.
 * - Bochs by port 0xE9, which reads as its own number there (its "port_e9_hack"), and as all ones
 *   on a machine without a device. QEMU with -debugcon reads the same; the write does nothing
 * there.
 */
#define CPUID_FEATURES       1u
#define CPUID_ECX_HYPERVISOR BIT32(31)
#define CPUID_HYPERVISOR     0x40000000u
#define SIGNATURE_TCG        0x54474354u /* "TCGT"CGTCGTCG */
#define SIGNATURE_KVM        0x4b4d564bu /* "KVMK"VMKVM */

#define QEMU_EXIT_PORT      0xf4u
#define QEMU_EXIT_GOOD      0x10u /* as tools/run expects; QEMU's status is then 33 */
#define QEMU_EXIT_BAD_MAX   0x5fu
#define BOCHS_DEBUG_PORT    0xe9u
#define BOCHS_SHUTDOWN_PORT 0x8900u

/* ACPI 6.5, "PM1 Control Registers", "Sleep Control Register". */
#define PM1_SCI_ENABLE       0x0001u
#define PM1_SLEEP_TYPE_SHIFT 10u
#define PM1_SLEEP_TYPE_MASK  0x1c00u
#define PM1_SLEEP_ENABLE     0x2000u
#define SLEEP_TYPE_SHIFT     2u
#define SLEEP_ENABLE         0x20u
#define POLL_COUNT           1000u
#define POLL_US              1000u

static struct {
	const struct boot_acpi *acpi;
	bool is_qemu;
	bool is_bochs;
} power;

static bool is_qemu(void)
{
	uint32_t cpuid[4];

	arch_cpuid(CPUID_FEATURES, 0, cpuid);
	if ((cpuid[2] & CPUID_ECX_HYPERVISOR) == 0) {
		return false;
	}
	arch_cpuid(CPUID_HYPERVISOR, 0, cpuid);
	return cpuid[1] == SIGNATURE_TCG || cpuid[1] == SIGNATURE_KVM;
}

void platform_power_init(const struct boot_info *boot)
{
	power.is_qemu = is_qemu();
	power.is_bochs = !power.is_qemu && arch_in8(BOCHS_DEBUG_PORT) == BOCHS_DEBUG_PORT;
	power.acpi = &boot->acpi;
}

static void end_emulator(uint32_t code)
{
	const char *word = "Shutdown";

	if (power.is_qemu) {
		arch_out8(QEMU_EXIT_PORT,
			  (uint8_t)(QEMU_EXIT_GOOD + min_u64(code, QEMU_EXIT_BAD_MAX)));
	}
	for (uint32_t i = 0; power.is_bochs && word[i] != '\0'; i++) {
		arch_out8(BOCHS_SHUTDOWN_PORT, (uint8_t)word[i]);
	}
}

/* Firmware may have left the machine in legacy mode, where SLP_EN does nothing. */
static void enable_acpi(const struct boot_acpi *acpi)
{
	if (acpi->smi_command == 0 || acpi->acpi_enable == 0 ||
	    (arch_in16(acpi->pm1a_control) & PM1_SCI_ENABLE) != 0) {
		return;
	}
	arch_out8(acpi->smi_command, acpi->acpi_enable);
	for (uint32_t i = 0; i < POLL_COUNT; i++) {
		if ((arch_in16(acpi->pm1a_control) & PM1_SCI_ENABLE) != 0) {
			return;
		}
		arch_delay_us(POLL_US);
	}
}

static void sleep_pm1(uint16_t port, uint8_t type)
{
	uint32_t value;

	if (port == 0) {
		return;
	}
	value = arch_in16(port) & ~(PM1_SLEEP_TYPE_MASK | PM1_SLEEP_ENABLE);
	value |= (uint32_t)type << PM1_SLEEP_TYPE_SHIFT;
	arch_out16(port, (uint16_t)value);
	arch_out16(port, (uint16_t)(value | PM1_SLEEP_ENABLE));
}

static void sleep_s5(const struct boot_acpi *acpi)
{
	if (acpi->has_s5 == 0) {
		return;
	}
	if (acpi->is_hardware_reduced != 0) {
		if (acpi->sleep_control != 0) {
			arch_out8(acpi->sleep_control,
				  (uint8_t)((uint32_t)acpi->s5_type_a << SLEEP_TYPE_SHIFT |
					    SLEEP_ENABLE));
		}
		return;
	}
	if (acpi->pm1a_control != 0) {
		enable_acpi(acpi);
		sleep_pm1(acpi->pm1a_control, acpi->s5_type_a);
		sleep_pm1(acpi->pm1b_control, acpi->s5_type_b);
	}
}

void platform_power_off(uint32_t code)
{
	uart16550_drain();
	end_emulator(code);
	if (power.acpi != NULL) {
		sleep_s5(power.acpi);
	}
}
