/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's side of a split virtqueue, for tests: rings in the memory of a fake VM. */
#pragma once

#include "fake.h"
#include "hv/vm.h"
#include "str.h"
#include "virtqueue.h"

#define DRIVER_RAM         (UINT64_C(2) << 20) /* guest RAM: from 0 */
#define DRIVER_DESCRIPTORS UINT64_C(0x1000)
#define DRIVER_AVAILABLE   UINT64_C(0x3000)
#define DRIVER_USED        UINT64_C(0x4000)
#define DRIVER_INDIRECT    UINT64_C(0x6000)

#define DRIVER_NEXT     1u
#define DRIVER_WRITE    2u
#define DRIVER_IS_TABLE 4u /* VIRTQ_DESC_F_INDIRECT */

struct driver_descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags;
	uint16_t next;
};

static uint64_t driver_base = FAKE_MEMORY_BASE + DRIVER_RAM; /* of the VM that is driven */

static inline uint8_t *driver_memory(uint64_t address)
{
	return fake_memory_at(hpa_from_u64(driver_base + address));
}

static inline uint16_t *driver_word(uint64_t address)
{
	return (uint16_t *)(void *)driver_memory(address);
}

static inline struct virtqueue driver_queue(uint16_t size)
{
	return (struct virtqueue){.descriptors = DRIVER_DESCRIPTORS,
				  .available = DRIVER_AVAILABLE,
				  .used = DRIVER_USED,
				  .size = size,
				  .is_enabled = true};
}

/* A VM with DRIVER_RAM bytes, its rings empty; `queue` knows where they are. */
static inline void driver_start(struct vm *vm, struct virtqueue *queue, uint16_t size)
{
	fake_reset();
	fake_memory_init(UINT64_C(6) << 20, UINT64_C(2) << 20);
	memset(vm, 0, sizeof(*vm));
	vm->extents[0] = (struct vm_extent){
		gpa_from_u64(0), hpa_from_u64(FAKE_MEMORY_BASE + (UINT64_C(2) << 20)), DRIVER_RAM};
	vm->extent_count = 1;
	memset(driver_memory(0), 0, DRIVER_RAM);
	*queue = driver_queue(size);
}

static inline void driver_describe(uint64_t table, uint16_t index, uint64_t address, uint32_t size,
				   uint16_t flags, uint16_t next)
{
	struct driver_descriptor descriptor = {address, size, flags, next};

	memcpy(driver_memory(table + index * sizeof(descriptor)), &descriptor, sizeof(descriptor));
}

/* Makes a chain available. */
static inline void driver_offer(const struct virtqueue *queue, uint16_t head)
{
	uint16_t *index = driver_word(queue->available + 2);

	*driver_word(queue->available + 4 + 2u * (*index % queue->size)) = head;
	++*index;
}
