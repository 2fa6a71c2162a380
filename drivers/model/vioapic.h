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

device_read vioapic_read;
device_write vioapic_write;
