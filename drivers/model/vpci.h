/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's PCI bus, reached by configuration mechanism #1 (PCI Local Bus Specification 3.0,
 * "Configuration Space Access Mechanism"). What lies in the configuration space is the loader's
 * (boot/guest_pci.c); functions decode at fixed addresses (platform_abi.h), whatever their BARs are
 * set to. Interrupts are MSI-X only, sent as real IPIs to the vCPU's CPU.
 */
#pragma once

#include "arch/spin.h"
#include "boot_abi.h"
#include "hv/device.h"
#include "platform_abi.h"

#define VPCI_PORT       0xcf8u
#define VPCI_PORT_COUNT 8u
#define VPCI_VECTOR_MAX 8u

struct vpci_vector {
	uint64_t address; /* message address and data, as the guest wrote them */
	uint32_t data;
	uint32_t control;
};

struct vpci_function {
	uint32_t config[BOOT_PCI_REGISTERS];
	struct vpci_vector
		vectors[VPCI_VECTOR_MAX]; /* this and the next: as in the device memory */
	uint64_t pending;                 /* vectors raised while masked */
};
#define VPCI_MSIX_SIZE (PLATFORM_PCI_MSIX_PENDING + sizeof(uint64_t))
_Static_assert(sizeof(struct vpci_vector) * VPCI_VECTOR_MAX == PLATFORM_PCI_MSIX_PENDING, "layout");

struct vpci {
	struct spin_lock lock;
	uint32_t address; /* CONFIG_ADDRESS */
	struct vpci_function functions[BOOT_PCI_SLOTS];
};

void vpci_reset(struct vm *vm);
uint64_t vpci_read_config(struct vcpu *vcpu, uint32_t offset, uint32_t size);
void vpci_write_config(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value);
uint64_t vpci_read_memory(struct vcpu *vcpu, uint32_t offset, uint32_t size);
void vpci_write_memory(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value);

/* A device wants its vector raised; any CPU. A vector that does not exist is nobody's. */
void vpci_raise(struct vm *vm, uint32_t slot, uint32_t vector);

/* --- passthrough.c: the management partition's real PCI devices. Their memory is mapped, their
 * interrupts arrive by themselves; without an IOMMU they reach all RAM: who drives them is trusted.
 */
#define PASSTHROUGH_PORT_COUNT 0x10000u

/* The ports of the partition's real devices; all others read as all ones. */
device_read passthrough_read;
device_write passthrough_write;

/* address: CONFIG_ADDRESS; offset: in its 32-bit register. Without real devices everything reads as
 * all ones. Under the VM's vpci.lock. */
uint32_t passthrough_read_config(const struct vm *vm, uint32_t address, uint32_t offset,
				 uint32_t size);
void passthrough_write_config(const struct vm *vm, uint32_t address, uint32_t offset, uint32_t size,
			      uint32_t value);
