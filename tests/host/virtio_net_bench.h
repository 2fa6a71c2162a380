/* SPDX-License-Identifier: Apache-2.0 */
/* Three partitions with network devices, their drivers, and a partition without one, for tests. */
#pragma once

#include "host/virtio_bench.h"

#define RECEIVE    0u
#define TRANSMIT   1u
#define QUEUE_SIZE 128u
#define RECEIVED   UINT64_C(0x100000)

#define STATIONS 3u
static struct station {
	struct vm vm;
	struct vcpu vcpu;
	struct cpu cpu;
	uint64_t states[DEVICE_MODEL_MAX][1024];
} stations[STATIONS + 1];

static uint32_t driven;

/* The driver of station `index` acts from here on. */
static inline void as(uint32_t index)
{
	driven = index;
	driver_base = FAKE_MEMORY_BASE + DRIVER_RAM * (index + 1);
}

static inline uint64_t get(uint32_t offset, uint32_t size)
{
	return device_models[MODEL_VIRTIO].read(
		       &stations[driven].vcpu, PLATFORM_SLOT_NET * PLATFORM_PCI_PORTS_EACH + offset,
		       size) &
	       size_mask(size);
}

static inline void set(uint32_t offset, uint32_t size, uint64_t value)
{
	device_models[MODEL_VIRTIO].write(&stations[driven].vcpu,
					  PLATFORM_SLOT_NET * PLATFORM_PCI_PORTS_EACH + offset,
					  size, value);
}

static inline struct virtqueue queue_of(uint32_t queue)
{
	struct virtqueue result = driver_queue(QUEUE_SIZE);

	result.descriptors += queue * UINT64_C(0x10000);
	result.available += queue * UINT64_C(0x10000);
	result.used += queue * UINT64_C(0x10000);
	return result;
}

static inline uint8_t vector_of(uint32_t station, uint32_t queue)
{
	return (uint8_t)(0x50 + station * 0x10 + queue);
}

static inline void drive(void)
{
	struct vcpu *vcpu = &stations[driven].vcpu;

	memset(driver_memory(0), 0, DRIVER_RAM);
	device_models[MODEL_PCI].write(vcpu, 0, 4, 0x80000040u | PLATFORM_SLOT_NET << 11);
	device_models[MODEL_PCI].write(vcpu, 6, 2, 0x8000);
	set(0x14, 1, 0);
	set(0x14, 1, 3);
	set(0x08, 4, 0);
	set(0x0c, 4, 1u << 5 | 1u << 16);
	set(0x08, 4, 1);
	set(0x0c, 4, 1);
	set(0x14, 1, 11);
	for (uint32_t i = 0; i < PLATFORM_NET_QUEUES; i++) {
		struct virtqueue wanted = queue_of(i);
		uint32_t entry = PLATFORM_SLOT_NET * PLATFORM_PCI_MEMORY_EACH + (i + 1) * 16;

		device_models[MODEL_MSIX].write(vcpu, entry, 8, 0xfee00000);
		device_models[MODEL_MSIX].write(vcpu, entry + 8, 8, vector_of(driven, i));
		set(0x16, 2, i);
		set(0x18, 2, QUEUE_SIZE);
		set(0x1a, 2, i + 1);
		set(0x20, 4, wanted.descriptors);
		set(0x28, 4, wanted.available);
		set(0x30, 4, wanted.used);
		set(0x1c, 2, 1);
	}
	set(0x14, 1, 15);
}

static inline void reset_models(struct station *station)
{
	for (uint32_t i = 0; device_models[i].size != 0; i++) {
		station->vm.device_state[i] = station->states[i];
		if (device_models[i].reset != NULL) {
			device_models[i].reset(&station->vm);
		}
	}
}

static inline void start_all(void)
{
	bench_start(1);
	fake_memory_init(DRIVER_RAM * (STATIONS + 2), DRIVER_RAM);
	memset(stations, 0, sizeof(stations));
	bench.vm_count = STATIONS + 1;
	for (uint32_t i = 0; i <= STATIONS; i++) {
		struct station *station = &stations[i];

		as(i);
		bench.vms[i] = &station->vm;
		station->vm.id = i;
		station->vm.name = "station";
		station->vm.vcpu_count = 1;
		station->vm.vcpus[0] = &station->vcpu;
		station->vm.extents[0] =
			(struct vm_extent){gpa_from_u64(0), hpa_from_u64(driver_base), DRIVER_RAM};
		station->vm.extent_count = 1;
		station->vm.state = VM_RUNNING;
		station->vcpu.vm = &station->vm;
		station->vcpu.cpu = &station->cpu;
		guest_pci_build(station->vm.image.pci, i < STATIONS ? CONFIG_DEVICE_NET0 : 0);
		station->vm.image.pci[PLATFORM_SLOT_NET].config[1] |= (i + 1) << 8;
		reset_models(station);
		if (i < STATIONS) {
			drive();
		}
	}
}

static inline void offer(uint32_t queue, uint16_t index, uint64_t address, uint32_t size)
{
	struct virtqueue wanted = queue_of(queue);

	driver_describe(wanted.descriptors, index, address, size,
			queue == RECEIVE ? DRIVER_WRITE : 0, 0);
	driver_offer(&wanted, index);
}

/* Buffers of station `index`. */
static inline void give_buffers(uint32_t index, uint32_t count, uint32_t size)
{
	uint32_t before = driven;

	as(index);
	for (uint16_t i = 0; i < count; i++) {
		offer(RECEIVE, i, RECEIVED + i * UINT64_C(0x1000), size);
	}
	set(PLATFORM_VIRTIO_NOTIFY, 2, RECEIVE);
	as(before);
}

static inline uint16_t used(uint32_t index, uint32_t queue)
{
	uint32_t before = driven;
	uint16_t result;

	as(index);
	result = *driver_word(queue_of(queue).used + 2);
	as(before);
	return result;
}
