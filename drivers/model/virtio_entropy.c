/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy device (virtio 1.2, "Entropy Device"): each buffer is filled, up to PIECE bytes. */
#include "bits.h"
#include "hv/entropy.h"
#include "hv/vm.h"
#include "virtio_kinds.h"

#define PIECE 64u

static bool notify(struct vm *vm, struct virtio *device, uint32_t queue)
{
	struct virtqueue_chain chain;
	uint8_t piece[PIECE];
	uint32_t count;

	for (count = 0; count < VIRTIO_BATCH && virtio_pop(vm, device, queue, &chain); count++) {
		uint32_t size = (uint32_t)min_u64(chain.writable, PIECE);

		entropy_fill(piece, size);
		size = virtqueue_write(&chain, &vm->arch, 0, piece, size);
		virtqueue_push(&device->queues[queue], &vm->arch, chain.head, size);
	}
	virtio_interrupt(vm, device, queue);
	return count == VIRTIO_BATCH;
}

const struct virtio_kind virtio_entropy_kind = {
	.queue_count = PLATFORM_ENTROPY_QUEUES,
	.notify = notify,
};
