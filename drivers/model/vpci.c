/* SPDX-License-Identifier: Apache-2.0 */
/* Access to configuration space, and MSI-X ("MSI-X Capability and Table Structures"). */
#include "vpci.h"

#include "bits.h"
#include "hv/irq_route.h"
#include "hv/vm.h"
#include "models.h"
#include "str.h"

/* CONFIG_ADDRESS; bus and function are always 0. */
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

/* Sends what is pending and no longer masked. Under pci->lock, as all below. */
static void send_due(struct vm *vm, struct vpci_function *function)
{
	uint32_t control = function->config[BOOT_PCI_MSIX];

	for (uint32_t i = 0; i < VPCI_VECTOR_MAX && function->pending != 0; i++) {
		if ((control & (MSIX_ENABLE | MSIX_MASK_ALL)) == MSIX_ENABLE &&
		    (function->vectors[i].control & VECTOR_MASKED) == 0 &&
		    (function->pending & BIT32(i)) != 0) {
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
	if (vector < VPCI_VECTOR_MAX && (function->config[BOOT_PCI_MSIX] & MSIX_ENABLE) != 0) {
		function->pending |= BIT32(vector);
		send_due(vm, function);
	}
	spin_unlock(&pci->lock);
}

/* The register that CONFIG_ADDRESS names; NULL: there is none, it reads as all ones or as 0. */
static uint32_t *config_register(struct vpci *pci, uint32_t *otherwise)
{
	uint32_t slot = pci->address >> 11 & 0x1f;
	uint32_t reg = pci->address >> 2 & 0x3f;

	*otherwise = UINT32_MAX;
	if ((pci->address & (ADDRESS_ENABLE | ADDRESS_ELSEWHERE)) != ADDRESS_ENABLE ||
	    slot >= BOOT_PCI_SLOTS || pci->functions[slot].config[0] == 0) {
		return NULL;
	}
	*otherwise = 0;
	return reg < BOOT_PCI_REGISTERS ? &pci->functions[slot].config[reg] : NULL;
}

uint64_t vpci_read_config(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	struct vpci *pci = pci_of(vcpu->vm);
	uint64_t result = ~UINT64_C(0);
	const uint32_t *at;
	uint32_t otherwise;

	spin_lock(&pci->lock);
	if (offset >= DATA_OFFSET) {
		at = config_register(pci, &otherwise);
		result = (at != NULL ? *at : otherwise) >> 8 * (offset - DATA_OFFSET);
	} else if (offset == 0 && size == sizeof(pci->address)) {
		result = pci->address;
	}
	spin_unlock(&pci->lock);
	return result;
}

static void write_data(struct vm *vm, struct vpci *pci, uint64_t mask, uint64_t value)
{
	uint32_t slot = pci->address >> 11 & 0x1f;
	uint32_t otherwise;
	uint32_t *at = config_register(pci, &otherwise);

	if (at != NULL) {
		struct vpci_function *function = &pci->functions[slot];

		mask &= vm->image.pci[slot].writable[at - function->config];
		*at = low32((*at & ~mask) | (value & mask));
		send_due(vm, function);
	}
}

void vpci_write_config(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	struct vpci *pci = pci_of(vcpu->vm);

	spin_lock(&pci->lock);
	if (offset >= DATA_OFFSET) {
		uint32_t shift = 8 * (offset - DATA_OFFSET);

		write_data(vcpu->vm, pci, size_mask(size) << shift, value << shift);
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
