/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk (virtio 1.2, "Block Device"), in RAM that the loader has filled from a file. That is
 * mapped in a window, a frame at a time, while bytes are copied. It outlives restarts of its
 * partition, not the machine.
 */
#include "arch/mmu.h"
#include "bits.h"
#include "hv/vm.h"
#include "virtio_kinds.h"

#define FEATURES    (BIT(1) | BIT(2) | BIT(9)) /* VIRTIO_BLK_F_SIZE_MAX, _SEG_MAX, _FLUSH */
#define SECTOR_SIZE 512u
#define DISK_SLOT   1u /* of the windows; guest memory has the other */
/* Bytes taken at a time. The device's configuration tells drivers of it, so that none asks for
 * more: segments may overlap, and so name more than all RAM. */
#define REQUEST_MAX (PLATFORM_BLOCK_SEGMENTS * PLATFORM_BLOCK_SEGMENT_SIZE)
_Static_assert(PLATFORM_BLOCK_SEGMENTS + 2 <= VIRTQUEUE_SEGMENT_MAX, "with header and status");

/* "Device Operation": struct virtio_blk_req, before the data and, as the last byte, the status. */
struct header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};
#define TYPE_IN            0u
#define TYPE_OUT           1u
#define TYPE_FLUSH         4u
#define TYPE_GET_ID        8u
#define STATUS_OK          0u
#define STATUS_IO_ERROR    1u
#define STATUS_UNSUPPORTED 2u

/* Between the disk and the request's data: all of it, or nothing. Returns the status. */
static uint8_t transfer(struct vm *vm, const struct virtqueue_chain *chain,
			const struct header *header, uint32_t size)
{
	uint64_t at = vm->image.disk_base + header->sector * SECTOR_SIZE;
	uint64_t sectors = vm->image.disk_sectors;
	uint32_t piece;

	if (size > REQUEST_MAX || size % SECTOR_SIZE != 0 || header->sector > sectors ||
	    size / SECTOR_SIZE > sectors - header->sector) {
		return STATUS_IO_ERROR;
	}
	for (uint32_t done = 0; done < size; done += piece, at += piece) {
		void *window = arch_window_map(DISK_SLOT, hpa_from_u64(at));

		piece = (uint32_t)min_u64(size - done, FRAME_SIZE - at % FRAME_SIZE);
		(void)(header->type == TYPE_OUT
			       ? virtqueue_read(chain, &vm->arch, sizeof(*header) + done, window,
						piece)
			       : virtqueue_write(chain, &vm->arch, done, window, piece));
		arch_window_unmap(DISK_SLOT);
	}
	return STATUS_OK;
}

/* Returns how many bytes from the start of the request's writable part were filled. What has no
 * header, or no place for the status, is given back as it came. */
static uint32_t serve(struct vm *vm, const struct virtqueue_chain *chain)
{
	static const char id[20] = "bulkhead-disk0";
	struct header header;
	uint8_t status = STATUS_OK;
	uint32_t room = chain->writable - 1;
	uint32_t filled = 0;

	if (chain->writable == 0 ||
	    virtqueue_read(chain, &vm->arch, 0, &header, sizeof(header)) != sizeof(header)) {
		return 0;
	}
	switch (header.type) {
	case TYPE_IN:
		status = transfer(vm, chain, &header, room);
		filled = status == STATUS_OK ? room : 0;
		break;
	case TYPE_OUT:
		status = transfer(vm, chain, &header, chain->readable - (uint32_t)sizeof(header));
		break;
	case TYPE_FLUSH:
		break;
	case TYPE_GET_ID:
		filled = virtqueue_write(chain, &vm->arch, 0, id, sizeof(id));
		break;
	default:
		status = STATUS_UNSUPPORTED;
		break;
	}
	(void)virtqueue_write(chain, &vm->arch, room, &status, sizeof(status));
	return filled + (filled == room);
}

static bool notify(struct vm *vm, struct virtio *device, uint32_t queue)
{
	struct virtqueue_chain chain;
	uint64_t taken = 0;

	while (taken < REQUEST_MAX && virtio_pop(vm, device, queue, &chain)) {
		taken += max_u64((uint64_t)chain.readable + chain.writable,
				 REQUEST_MAX / VIRTIO_BATCH);
		virtqueue_push(&device->queues[queue], &vm->arch, chain.head, serve(vm, &chain));
	}
	virtio_interrupt(vm, device, queue);
	return taken >= REQUEST_MAX;
}

const struct virtio_kind virtio_block_kind = {
	.queue_count = PLATFORM_BLOCK_QUEUES,
	.features = FEATURES,
	.notify = notify,
};
