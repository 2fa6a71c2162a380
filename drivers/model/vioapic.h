/* SPDX-License-Identifier: Apache-2.0 */
/* The I/O APIC of a partition. */
#pragma once

#include "arch/spin.h"
#include "hv/device.h"

#define VIOAPIC_BASE UINT64_C(0xfec00000)
#define VIOAPIC_SIZE 0x1000u

struct vioapic {
	struct spin_lock lock;
	uint8_t select;
	uint32_t id;
};

void vioapic_reset(void *state, struct vm *vm);
uint64_t vioapic_read(void *state, struct vcpu *vcpu, uint64_t offset, uint32_t size);
void vioapic_write(void *state, struct vcpu *vcpu, uint64_t offset, uint32_t size, uint64_t value);
