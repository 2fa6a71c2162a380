/* SPDX-License-Identifier: Apache-2.0 */
/* Register face of the I/O APIC (Intel 82093AA datasheet); the pins are hv/irq_route.c's. */
#include "vioapic.h"

#include "bits.h"
#include "hv/irq_route.h"
#include "hv/vm.h"
#include "models.h"

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define OFFSET_EOI    0x40u

#define REG_ID          0u
#define REG_VERSION     1u
#define REG_ARBITRATION 2u
#define REG_ENTRY       0x10u /* two per pin: low half, high half */

#define ID_MASK 0x0f000000u
#define VERSION 0x20u /* with EOI register */

static uint32_t read_register(const struct vioapic *ioapic, struct vm *vm)
{
	uint32_t pin = (ioapic->select - REG_ENTRY) / 2;
	uint64_t entry;

	switch (ioapic->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return ioapic->id;
	case REG_VERSION:
		return (IRQ_PIN_COUNT - 1) << 16 | VERSION;
	default:
		break;
	}
	if (ioapic->select < REG_ENTRY || pin >= IRQ_PIN_COUNT) {
		return 0;
	}
	entry = irq_route_read(vm, pin);
	return ioapic->select % 2 == 0 ? low32(entry) : high32(entry);
}

static void write_register(struct vioapic *ioapic, struct vm *vm, uint32_t value)
{
	uint32_t pin = (ioapic->select - REG_ENTRY) / 2;
	uint64_t entry;

	if (ioapic->select == REG_ID) {
		ioapic->id = value & ID_MASK;
	}
	if (ioapic->select < REG_ENTRY || pin >= IRQ_PIN_COUNT) {
		return;
	}
	entry = irq_route_read(vm, pin);
	entry = ioapic->select % 2 == 0 ? join32(high32(entry), value)
					: join32(value, low32(entry));
	irq_route_write(vm, pin, entry);
}

/* Level lines that are still high are delivered again; see hv/irq_route.c. */
static void end_of_interrupt(struct vm *vm, uint32_t vector)
{
	for (uint32_t pin = 0; pin < IRQ_PIN_COUNT; pin++) {
		uint64_t entry = irq_route_read(vm, pin);

		if ((entry & IRQ_ENTRY_LEVEL) != 0 && (entry & IRQ_ENTRY_VECTOR) == vector) {
			irq_route_write(vm, pin, entry);
		}
	}
}

/* Registers are 32 bits wide; other sizes are undefined and read the low bytes here. */
uint64_t vioapic_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	struct vioapic *ioapic = vcpu->vm->device_state[MODEL_IOAPIC];
	uint64_t value = 0;

	(void)size;
	spin_lock(&ioapic->lock);
	if (offset == OFFSET_SELECT) {
		value = ioapic->select;
	} else if (offset == OFFSET_WINDOW) {
		value = read_register(ioapic, vcpu->vm);
	}
	spin_unlock(&ioapic->lock);
	return value;
}

void vioapic_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	struct vioapic *ioapic = vcpu->vm->device_state[MODEL_IOAPIC];

	(void)size;
	spin_lock(&ioapic->lock);
	if (offset == OFFSET_SELECT) {
		ioapic->select = (uint8_t)value;
	} else if (offset == OFFSET_WINDOW) {
		write_register(ioapic, vcpu->vm, low32(value));
	} else if (offset == OFFSET_EOI) {
		end_of_interrupt(vcpu->vm, (uint32_t)value & IRQ_ENTRY_VECTOR);
	}
	spin_unlock(&ioapic->lock);
}
