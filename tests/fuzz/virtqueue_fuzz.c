/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of virtqueues: whatever lies in the rings, a request names RAM only, and its sums are
 * right. */
/* Links: tests/tap.c drivers/model/virtqueue.c hv/guest_mem.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "fuzz.h"

#include "host/virtqueue_driver.h"
#include "hv/guest_mem.h"

#define ROUNDS     32u
#define RINGS_SIZE 0x4000u

static void check_chain(const struct vm *vm, const struct virtqueue_chain *chain)
{
	uint64_t readable = 0;
	uint64_t writable = 0;

	FUZZ_CHECK(chain->count <= VIRTQUEUE_SEGMENT_MAX);
	FUZZ_CHECK(chain->readable_count <= chain->count);
	for (uint16_t i = 0; i < chain->count; i++) {
		const struct virtqueue_segment *segment = &chain->segments[i];

		FUZZ_CHECK(guest_mem_is_ram(&vm->arch, segment->address, segment->size));
		*(i < chain->readable_count ? &readable : &writable) += segment->size;
	}
	FUZZ_CHECK(readable == chain->readable && writable == chain->writable);
}

/* The first two bytes choose the ring's size and features, the rest lies from the rings on. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vm vm;
	struct virtqueue queue;
	struct virtqueue_chain chain;
	uint8_t bytes[64];

	if (size < 2) {
		return 0;
	}
	if (vm.extent_count == 0) { /* once: it clears a lot */
		driver_start(&vm, &queue, 1);
	}
	memset(driver_memory(DRIVER_DESCRIPTORS), 0, RINGS_SIZE);
	queue = driver_queue((uint16_t)(1u << data[0] % 9));
	queue.has_event_index = (data[1] & 1) != 0;
	/* Close together, so that little input fills them. */
	queue.available = queue.descriptors + 16u * queue.size;
	queue.used = align_up(queue.available + 2u * queue.size + 8, 4);
	FUZZ_CHECK(virtqueue_is_sound(&queue, &vm.arch));
	size = size - 2 < RINGS_SIZE ? size - 2 : RINGS_SIZE;
	memcpy(driver_memory(queue.descriptors), data + 2, size);
	for (uint32_t i = 0; i < ROUNDS && virtqueue_pop(&queue, &vm.arch, &chain); i++) {
		check_chain(&vm, &chain);
		FUZZ_CHECK(virtqueue_read(&chain, &vm.arch, data[1], bytes, sizeof(bytes)) <=
			   sizeof(bytes));
		FUZZ_CHECK(virtqueue_write(&chain, &vm.arch, data[1], bytes, sizeof(bytes)) <=
			   chain.writable);
		virtqueue_push(&queue, &vm.arch, chain.head, chain.writable);
		(void)virtqueue_wants_interrupt(&queue, &vm.arch);
	}
	return 0;
}
