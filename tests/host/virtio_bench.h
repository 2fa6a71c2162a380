/* SPDX-License-Identifier: Apache-2.0 */
/* A VM with virtio devices and RAM, and its PCI bus's configuration space, for tests. */
#pragma once

#include "fake.h"
#include "guest_pci.h"
#include "host/model_bench.h"
#include "host/virtqueue_driver.h"
#include "hv/device.h"
#include "models.h"
#include "tap.h"
#include "virtio.h"

#define CONSOLE PLATFORM_SLOT_CONSOLE

/* A VM with the devices, and RAM. */
static inline void start(uint32_t devices)
{
	bench_start(2);
	fake_memory_init(UINT64_C(6) << 20, UINT64_C(2) << 20);
	bench.vm.extents[0] = (struct vm_extent){
		gpa_from_u64(0), hpa_from_u64(FAKE_MEMORY_BASE + (UINT64_C(2) << 20)), DRIVER_RAM};
	bench.vm.extent_count = 1;
	memset(driver_memory(0), 0, DRIVER_RAM);
	guest_pci_build(bench.vm.image.pci, devices);
	vpci_reset(&bench.vm);
	virtio_reset(&bench.vm);
}

static inline uint32_t config(uint32_t slot, uint32_t offset, uint32_t size)
{
	bench_write(MODEL_PCI, 0, 0, 4, 0x80000000u | slot << 11 | (offset & 0xfc));
	return (uint32_t)(bench_read(MODEL_PCI, 0, 4 + offset % 4, size) & size_mask(size));
}

static inline void set_config(uint32_t slot, uint32_t offset, uint32_t size, uint32_t value)
{
	bench_write(MODEL_PCI, 0, 0, 4, 0x80000000u | slot << 11 | (offset & 0xfc));
	bench_write(MODEL_PCI, 0, 4 + offset % 4, size, value);
}
