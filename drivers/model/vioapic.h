/* SPDX-License-Identifier: Apache-2.0 */
/* The I/O APIC of a partition: from a model's interrupt line to a message. */
#pragma once

#include "arch/spin.h"
#include "hv/device.h"

#define VIOAPIC_BASE      UINT64_C(0xfec00000)
#define VIOAPIC_SIZE      0x1000u
#define VIOAPIC_PIN_COUNT 24u

/* Redirection entry bits (82093AA IOAPIC datasheet, "IOREDTBL"). */
#define VIOAPIC_ENTRY_VECTOR  0xffu
#define VIOAPIC_ENTRY_LOGICAL (1u << 11)
#define VIOAPIC_ENTRY_LEVEL   (1u << 15)
#define VIOAPIC_ENTRY_MASKED  (1u << 16)

struct vioapic {
	struct spin_lock lock;
	uint8_t select;
	uint32_t id;
	uint64_t entry[VIOAPIC_PIN_COUNT];
	uint32_t level;   /* pins held high by their model */
	uint32_t pending; /* pins whose edge has not been delivered */
};

void vioapic_reset(struct vm *vm);
device_read vioapic_read;
device_write vioapic_write;

/* A model's line went up (an edge) or down. Any CPU. */
void vioapic_set_pin(struct vm *vm, uint32_t pin, bool is_high);
