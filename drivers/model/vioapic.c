/* SPDX-License-Identifier: Apache-2.0 */
/* The I/O APIC (Intel 82093AA datasheet): pins, redirection entries, registers. */
#include "vioapic.h"

#include "bits.h"
#include "hv/irq_route.h"
#include "hv/vm.h"
#include "models.h"

/*
 * Edge pins: an edge that comes while the pin is masked is delivered at unmasking if the line is
 * still high then, else it is lost. The 82093AA loses it always; software written for that works
 * here too, and a device whose line is up when its driver arrives is not stuck.
 *
 * Level pins: the guest's EOI reaches the real local APIC without an exit, so remote IRR would
 * never be cleared; it reads as 0. A line that stays high is delivered again when its entry is
 * written or its vector comes through the I/O APIC's EOI register. No model has a level line.
 */

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define OFFSET_EOI    0x40u

#define REG_ID          0u
#define REG_VERSION     1u
#define REG_ARBITRATION 2u
#define REG_ENTRY       0x10u /* two per pin: low half, high half */

#define ID_MASK 0x0f000000u
#define VERSION 0x20u /* with EOI register */

#define ENTRY_MODE_SHIFT        8u
#define ENTRY_MODE_MASK         7u
#define ENTRY_DESTINATION_SHIFT 56u
/* Destination; mask, trigger, polarity, destination mode, delivery mode, vector. */
#define ENTRY_WRITABLE UINT64_C(0xff0000000001afff)

static struct vioapic *ioapic_of(struct vm *vm)
{
	return vm->device_state[MODEL_IOAPIC];
}

void vioapic_reset(struct vm *vm)
{
	struct vioapic *ioapic = ioapic_of(vm);

	for (uint32_t pin = 0; pin < VIOAPIC_PIN_COUNT; pin++) {
		ioapic->entry[pin] = VIOAPIC_ENTRY_MASKED;
	}
}

/* Sends the pin's message if there is reason to. Under the lock. */
static void deliver_pending(struct vm *vm, uint32_t pin)
{
	struct vioapic *ioapic = ioapic_of(vm);
	uint64_t entry = ioapic->entry[pin];

	if ((ioapic->pending & BIT32(pin)) == 0 || (entry & VIOAPIC_ENTRY_MASKED) != 0) {
		return;
	}
	ioapic->pending &= ~BIT32(pin);
	irq_route_deliver(vm, (uint32_t)(entry >> ENTRY_DESTINATION_SHIFT),
			  (entry & VIOAPIC_ENTRY_LOGICAL) != 0,
			  (uint32_t)(entry >> ENTRY_MODE_SHIFT) & ENTRY_MODE_MASK,
			  (uint8_t)(entry & VIOAPIC_ENTRY_VECTOR));
}

void vioapic_set_pin(struct vm *vm, uint32_t pin, bool is_high)
{
	struct vioapic *ioapic = ioapic_of(vm);
	uint32_t bit = BIT32(pin);

	spin_lock(&ioapic->lock);
	if (is_high) {
		ioapic->pending |= bit & ~ioapic->level;
		ioapic->level |= bit;
	} else {
		ioapic->pending &= ~bit;
		ioapic->level &= ~bit;
	}
	deliver_pending(vm, pin);
	spin_unlock(&ioapic->lock);
}

static void write_entry(struct vm *vm, uint32_t pin, uint64_t entry)
{
	struct vioapic *ioapic = ioapic_of(vm);

	ioapic->entry[pin] = entry & ENTRY_WRITABLE;
	if ((entry & (VIOAPIC_ENTRY_LEVEL | VIOAPIC_ENTRY_MASKED)) == VIOAPIC_ENTRY_LEVEL) {
		ioapic->pending |= ioapic->level & BIT32(pin);
	}
	deliver_pending(vm, pin);
}

static uint32_t read_register(const struct vioapic *ioapic)
{
	uint32_t pin = (ioapic->select - REG_ENTRY) / 2;

	switch (ioapic->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return ioapic->id;
	case REG_VERSION:
		return (VIOAPIC_PIN_COUNT - 1) << 16 | VERSION;
	default:
		break;
	}
	if (ioapic->select < REG_ENTRY || pin >= VIOAPIC_PIN_COUNT) {
		return 0;
	}
	return ioapic->select % 2 == 0 ? low32(ioapic->entry[pin]) : high32(ioapic->entry[pin]);
}

static void write_register(struct vm *vm, uint32_t value)
{
	struct vioapic *ioapic = ioapic_of(vm);
	uint32_t pin = (ioapic->select - REG_ENTRY) / 2;

	if (ioapic->select == REG_ID) {
		ioapic->id = value & ID_MASK;
	} else if (ioapic->select >= REG_ENTRY && pin < VIOAPIC_PIN_COUNT) {
		uint64_t entry = ioapic->entry[pin];

		write_entry(vm, pin,
			    ioapic->select % 2 == 0 ? join32(high32(entry), value)
						    : join32(value, low32(entry)));
	}
}

/* Level lines that are still high are delivered again. */
static void end_of_interrupt(struct vm *vm, uint64_t vector)
{
	for (uint32_t pin = 0; pin < VIOAPIC_PIN_COUNT; pin++) {
		uint64_t entry = ioapic_of(vm)->entry[pin];

		if ((entry & VIOAPIC_ENTRY_LEVEL) != 0 &&
		    (entry & VIOAPIC_ENTRY_VECTOR) == vector) {
			write_entry(vm, pin, entry);
		}
	}
}

/* Registers are 32 bits wide; other sizes are undefined and read the low bytes here. */
uint64_t vioapic_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	struct vioapic *ioapic = ioapic_of(vcpu->vm);
	uint64_t value = 0;

	(void)size;
	spin_lock(&ioapic->lock);
	if (offset == OFFSET_SELECT) {
		value = ioapic->select;
	} else if (offset == OFFSET_WINDOW) {
		value = read_register(ioapic);
	}
	spin_unlock(&ioapic->lock);
	return value;
}

void vioapic_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	struct vioapic *ioapic = ioapic_of(vcpu->vm);

	(void)size;
	spin_lock(&ioapic->lock);
	if (offset == OFFSET_SELECT) {
		ioapic->select = (uint8_t)value;
	} else if (offset == OFFSET_WINDOW) {
		write_register(vcpu->vm, low32(value));
	} else if (offset == OFFSET_EOI) {
		end_of_interrupt(vcpu->vm, value & VIOAPIC_ENTRY_VECTOR);
	}
	spin_unlock(&ioapic->lock);
}
