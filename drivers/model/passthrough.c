/* SPDX-License-Identifier: Apache-2.0 */
/* Port accesses that go through to the management partition's real PCI devices. */
#include "vpci.h"

#include "arch/port_io.h"
#include "bits.h"
#include "hv/vm.h"

#define CONFIG_DATA    (VPCI_PORT + 4u)
#define ADDRESS_ENABLE BIT32(31)
#define COMMAND        0x04u /* PCI Local Bus Specification 3.0, "Device Control" */
#define BUS_MASTER     BIT32(2)

static uint32_t read_port(uint32_t port, uint32_t size)
{
	return size == 1   ? arch_in8((uint16_t)port)
	       : size == 2 ? arch_in16((uint16_t)port)
			   : arch_in32((uint16_t)port);
}

static void write_port(uint32_t port, uint32_t size, uint32_t value)
{
	size == 1   ? arch_out8((uint16_t)port, (uint8_t)value)
	: size == 2 ? arch_out16((uint16_t)port, (uint16_t)value)
		    : arch_out32((uint16_t)port, value);
}

static bool is_device(const struct vm *vm, uint32_t port, uint32_t size)
{
	return vm->passthrough != NULL &&
	       boot_range_holds(vm->passthrough->ports, vm->passthrough->port_count, port, size);
}

uint64_t passthrough_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	return is_device(vcpu->vm, offset, size) ? read_port(offset, size) : ~UINT64_C(0);
}

void passthrough_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	if (is_device(vcpu->vm, offset, size)) {
		write_port(offset, size, low32(value));
	}
}

uint32_t passthrough_read_config(const struct vm *vm, uint32_t address, uint32_t offset,
				 uint32_t size)
{
	if (vm->passthrough == NULL) {
		return UINT32_MAX;
	}
	arch_out32(VPCI_PORT, address);
	return read_port(CONFIG_DATA + offset, size);
}

void passthrough_write_config(const struct vm *vm, uint32_t address, uint32_t offset, uint32_t size,
			      uint32_t value)
{
	if (vm->passthrough != NULL) {
		arch_out32(VPCI_PORT, address);
		write_port(CONFIG_DATA + offset, size, value);
	}
}

/* Bridges are among the functions: what lies behind one stays silent whatever its bus number has
 * become. A write to configuration space has an answer, which nothing under way can follow. */
void passthrough_silence(const struct vm *vm)
{
	for (uint32_t i = 0; vm->passthrough != NULL && i < vm->passthrough->function_count; i++) {
		uint32_t function = vm->passthrough->functions[i];
		uint32_t address = ADDRESS_ENABLE | function << 8 | COMMAND;
		uint32_t command = passthrough_read_config(vm, address, 0, 2);

		passthrough_write_config(vm, address, 0, 2, command & ~BUS_MASTER);
	}
}
