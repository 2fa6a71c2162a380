/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the firmware's ACPI tables where the firmware has them; tells the I/O APIC and the way off.
 */
#include "acpi.h"

#include "bits.h"
#include "cpu_ops.h"
#include "loader.h"
#include "power_plan.h"
#include "str.h"

#define ISA_UART_IRQ         4u
#define IOAPIC_USUAL_BASE    UINT64_C(0xfec00000)
#define CPUID_ECX_HYPERVISOR BIT32(31)
#define SIGNATURE_TCG        0x54474354u /* "TCGT"CGTCGTCG */
#define SIGNATURE_KVM        0x4b4d564bu /* "KVMK"VMKVM */
#define BOCHS_DEBUG_PORT     0xe9u
#define PM1_SCI_ENABLE       0x0001u

/* Only memory that the firmware itself says is memory: a bad pointer must not touch a device. */
static bool read_memory(void *context, uint64_t address, void *to, size_t size)
{
	const struct memmap *map = context;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct boot_memory *memory = &map->entries[i];
		uint64_t offset = address - memory->base;

		if (memory->type != BOOT_MEMORY_MMIO && offset < memory->size &&
		    size <= memory->size - offset) {
			memcpy(to, (const void *)address, size);
			return true;
		}
	}
	return false;
}

/*
 * Ports that mean something else, or something harmful, on a real machine are touched only after
 * the emulator has shown itself:
 * - QEMU (TCG or KVM) by CPUID leaf 0x40000000. On other KVM hosts nothing is at this port.
 * - Bochs by port 0xE9, which reads as its own number there (its "port_e9_hack"), and as all ones
 *   on a machine without a device. QEMU with -debugcon reads the same; the write does nothing
 * there.
 */
static bool is_qemu(void)
{
	uint32_t signature;

	if ((cpuid_read(CPUID_FEATURES, 0).ecx & CPUID_ECX_HYPERVISOR) == 0) {
		return false;
	}
	signature = cpuid_read(CPUID_HYPERVISOR, 0).ebx;
	return signature == SIGNATURE_TCG || signature == SIGNATURE_KVM;
}

void acpi_read(struct loader *loader)
{
	struct boot_info *info = loader->info;
	/* Without tables the devices are where they usually are. */
	struct acpi_facts facts = {.ioapic_base = IOAPIC_USUAL_BASE, .uart_gsi = ISA_UART_IRQ};
	struct power_machine machine = {.is_qemu = is_qemu()};

	(void)!acpi_scan(read_memory, &loader->map, loader->rsdp, &facts);
	machine.is_bochs = !machine.is_qemu && port_read(BOCHS_DEBUG_PORT) == BOCHS_DEBUG_PORT;
	machine.is_acpi_on =
		facts.pm1a_control != 0 && (port_read16(facts.pm1a_control) & PM1_SCI_ENABLE) != 0;
	loader->ioapic = facts.ioapic_base != 0 ? facts.ioapic_base : IOAPIC_USUAL_BASE;
	loader->uart_pin = facts.uart_gsi - facts.ioapic_gsi_base;
	info->power_count = power_plan(&facts, &machine, info->power);
}
