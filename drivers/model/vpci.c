/* SPDX-License-Identifier: Apache-2.0 */
/* Access to configuration space, real functions' too, and MSI-X ("MSI-X Capability and Table
 * Structures"). */
#include "vpci.h"

#include "bits.h"
#include "hv/irq_route.h"
#include "hv/vm.h"
#include "models.h"
#include "str.h"

/* CONFIG_ADDRESS; bus and function are 0 for all that is not real. */
#define ADDRESS_ENABLE    BIT32(31)
#define ADDRESS_ELSEWHERE 0x00ff0700u
#define ADDRESS_WRITABLE  0x80fffffcu
#define DATA_OFFSET       4u

#define MSIX_ENABLE   BIT32(31)
#define MSIX_MASK_ALL BIT32(30)
#define VECTOR_MASKED 1u

/* Message address (SDM 3A, "Message Address Register Format"). */
#define MESSAGE_BASE      UINT64_C(0xfee00000)
#define MESSAGE_BASE_MASK (~UINT64_C(0xfffff))
#define MESSAGE_LOGICAL   BIT(2)

static struct vpci *pci_of(struct vm *vm)
{
	return vm->device_state[MODEL_PCI];
}

void vpci_reset(struct vm *vm)
{
	struct vpci *pci = pci_of(vm);

	for (uint32_t slot = 0; slot < BOOT_PCI_SLOTS; slot++) {
		struct vpci_function *function = &pci->functions[slot];

		memcpy(function->config, vm->image.pci[slot].value, sizeof(function->config));
		for (uint32_t i = 0; i < VPCI_VECTOR_MAX; i++) {
			function->vectors[i].control = VECTOR_MASKED;
		}
	}
}

/* The message goes where a write to its address would: to the local APICs, or nowhere. */
static void send(struct vm *vm, const struct vpci_vector *vector)
{
	if ((vector->address & MESSAGE_BASE_MASK) == MESSAGE_BASE) {
		irq_route_deliver(vm, (uint32_t)(vector->address >> 12) & 0xff,
				  (vector->address & MESSAGE_LOGICAL) != 0, vector->data >> 8 & 7,
				  (uint8_t)vector->data);
	}
}

static bool is_open(const struct vpci_function *function, uint32_t vector)
{
	return (function->config[BOOT_PCI_MSIX] & (MSIX_ENABLE | MSIX_MASK_ALL)) == MSIX_ENABLE &&
	       (function->vectors[vector].control & VECTOR_MASKED) == 0;
}

/* Sends what is pending and no longer masked. Under pci->lock, as all below. */
static void send_due(struct vm *vm, struct vpci_function *function)
{
	for (uint32_t i = 0; i < VPCI_VECTOR_MAX && function->pending != 0; i++) {
		if ((function->pending & BIT32(i)) != 0 && is_open(function, i)) {
			function->pending &= ~BIT32(i);
			send(vm, &function->vectors[i]);
		}
	}
}

void vpci_raise(struct vm *vm, uint32_t slot, uint32_t vector)
{
	struct vpci *pci = pci_of(vm);
	struct vpci_function *function = &pci->functions[slot];

	spin_lock(&pci->lock);
	if (vector < VPCI_VECTOR_MAX && is_open(function, vector)) {
		send(vm, &function->vectors[vector]);
	} else if (vector < VPCI_VECTOR_MAX &&
		   (function->config[BOOT_PCI_MSIX] & MSIX_ENABLE) != 0) {
		function->pending |= BIT32(vector);
	}
	spin_unlock(&pci->lock);
}

/* The slot that CONFIG_ADDRESS names; BOOT_PCI_SLOTS: no virtual function. */
static uint32_t slot_named(const struct vm *vm, const struct vpci *pci)
{
	uint32_t first = vm->passthrough != NULL ? vm->passthrough->first_slot : 0;
	uint32_t slot = (pci->address >> 11 & 0x1f) - first;

	if ((pci->address & (ADDRESS_ENABLE | ADDRESS_ELSEWHERE)) != ADDRESS_ENABLE ||
	    slot >= BOOT_PCI_SLOTS || pci->functions[slot].config[0] == 0) {
		return BOOT_PCI_SLOTS;
	}
	return slot;
}

static uint32_t read_data(const struct vm *vm, const struct vpci *pci, uint32_t offset,
			  uint32_t size)
{
	uint32_t slot = slot_named(vm, pci);
	uint32_t reg = pci->address >> 2 & 0x3f;

	if (slot == BOOT_PCI_SLOTS) {
		return passthrough_read_config(vm, pci->address, offset, size);
	}
	return reg < BOOT_PCI_REGISTERS ? pci->functions[slot].config[reg] >> 8 * offset : 0;
}

uint64_t vpci_read_config(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	struct vpci *pci = pci_of(vcpu->vm);
	uint64_t result = ~UINT64_C(0);

	spin_lock(&pci->lock);
	if (offset >= DATA_OFFSET) {
		result = read_data(vcpu->vm, pci, offset - DATA_OFFSET, size);
	} else if (offset == 0 && size == sizeof(pci->address)) {
		result = pci->address;
	}
	spin_unlock(&pci->lock);
	return result;
}

static void write_data(struct vm *vm, struct vpci *pci, uint32_t offset, uint32_t size,
		       uint64_t value)
{
	uint64_t mask = size_mask(size) << 8 * offset;
	uint32_t slot = slot_named(vm, pci);
	uint32_t reg = pci->address >> 2 & 0x3f;

	if (slot == BOOT_PCI_SLOTS) {
		passthrough_write_config(vm, pci->address, offset, size, low32(value));
	} else if (reg < BOOT_PCI_REGISTERS) {
		uint32_t *at = &pci->functions[slot].config[reg];

		mask &= vm->image.pci[slot].writable[reg];
		*at = low32((*at & ~mask) | (value << 8 * offset & mask));
		send_due(vm, &pci->functions[slot]);
	}
}

void vpci_write_config(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	struct vpci *pci = pci_of(vcpu->vm);

	spin_lock(&pci->lock);
	if (offset >= DATA_OFFSET) {
		write_data(vcpu->vm, pci, offset - DATA_OFFSET, size, value);
	} else if (offset == 0 && size == sizeof(pci->address)) {
		pci->address = low32(value) & ADDRESS_WRITABLE;
	}
	spin_unlock(&pci->lock);
}

/* What lies at an offset of the device memory, in the first `end` bytes of its function's MSI-X
 * structures. They are accessed by 4 or 8 aligned bytes: NULL for anything else, which is
 * undefined. */
static uint8_t *msix_at(struct vpci *pci, uint32_t offset, uint32_t size, size_t end)
{
	struct vpci_function *function = &pci->functions[offset / PLATFORM_PCI_MEMORY_EACH];

	offset %= PLATFORM_PCI_MEMORY_EACH;
	if (function->config[BOOT_PCI_MSIX] == 0 || offset + size > end || size < 4 ||
	    offset % size != 0) {
		return NULL;
	}
	return (uint8_t *)function->vectors + offset;
}

uint64_t vpci_read_memory(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	struct vpci *pci = pci_of(vcpu->vm);
	const uint8_t *at = msix_at(pci, offset, size, VPCI_MSIX_SIZE);
	uint64_t result = ~UINT64_C(0);

	spin_lock(&pci->lock);
	if (at != NULL) {
		memcpy(&result, at, size);
	}
	spin_unlock(&pci->lock);
	return result;
}

void vpci_write_memory(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	struct vpci *pci = pci_of(vcpu->vm);
	uint8_t *at = msix_at(pci, offset, size, PLATFORM_PCI_MSIX_PENDING);

	spin_lock(&pci->lock);
	if (at != NULL) {
		memcpy(at, &value, size);
		send_due(vcpu->vm, &pci->functions[offset / PLATFORM_PCI_MEMORY_EACH]);
	}
	spin_unlock(&pci->lock);
}
