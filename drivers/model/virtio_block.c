/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk (virtio 1.2, "Block Device"), in RAM that the loader has filled from a file. That is
 * mapped in a window, a frame at a time, while bytes are copied. It outlives restarts of its
 * partition, not the machine. Or one that is served: its requests wait in their ring until the
 * management partition takes them, one at a time.
 */
#include "arch/mmu.h"
#include "bits.h"
#include "hv/device.h"
#include "hv/guest_mem.h"
#include "hv/manage.h"
#include "hv/vm.h"
#include "manage_abi.h"
#include "str.h"
#include "virtio_kinds.h"

#define FEATURES    (BIT(1) | BIT(2) | BIT(9)) /* VIRTIO_BLK_F_SIZE_MAX, _SEG_MAX, _FLUSH */
#define SECTOR_SIZE 512u
#define DISK_SLOT   1u /* of the windows; guest memory has the other */
/* Bytes taken at a time. The device's configuration tells drivers of it, so that none asks for
 * more: segments may overlap, and so name more than all RAM. */
#define REQUEST_MAX (PLATFORM_BLOCK_SEGMENTS * PLATFORM_BLOCK_SEGMENT_SIZE)
_Static_assert(PLATFORM_BLOCK_SEGMENTS + 2 <= VIRTQUEUE_SEGMENT_MAX, "with header and status");

/* "Device Operation"; the data lies between the header and the status, the last byte. Types and
 * statuses that servers see as well: enum manage_disk_*. */
#define TYPE_GET_ID        8u
#define STATUS_UNSUPPORTED 2u

/* Requests of a served disk that are looked at in one go; most need none. */
#define TAKE_BATCH 16u
#define PIECE      512u /* bytes copied at a time, on the stack */

/* Gives a request back. */
static void finish(struct vm *vm, struct virtio *device, const struct virtio_block_request *request,
		   uint8_t status)
{
	const struct virtqueue_chain *chain = &request->chain;
	bool is_filled = status == MANAGE_DISK_OK && request->header.type != MANAGE_DISK_WRITE;
	uint32_t filled = is_filled ? request->size : 0; /* from the writable part's start on */
	uint32_t room = chain->writable - 1;

	(void)virtqueue_write(chain, &vm->arch, room, &status, sizeof(status));
	virtqueue_push(&device->queues[0], &vm->arch, chain->head, filled + (filled == room));
}

/* True: sound, and for the disk to do. Everything else is given back; what has no header, or no
 * place for the status, as it came. */
static bool needs_disk(struct vm *vm, struct virtio *device, struct virtio_block_request *request)
{
	static const char id[20] = "bulkhead-disk0";
	const struct virtqueue_chain *chain = &request->chain;
	struct virtio_block_header *header = &request->header;
	uint64_t sectors = vm->image.disk_sectors;
	uint8_t status = MANAGE_DISK_ERROR;

	if (chain->writable == 0 ||
	    virtqueue_read(chain, &vm->arch, 0, header, sizeof(*header)) != sizeof(*header)) {
		virtqueue_push(&device->queues[0], &vm->arch, chain->head, 0);
		return false;
	}
	request->size = 0;
	switch (header->type) {
	case MANAGE_DISK_FLUSH:
		return true;
	case MANAGE_DISK_READ:
	case MANAGE_DISK_WRITE:
		request->size = header->type == MANAGE_DISK_READ
					? chain->writable - 1
					: chain->readable - (uint32_t)sizeof(*header);
		if (request->size <= REQUEST_MAX && request->size % SECTOR_SIZE == 0 &&
		    header->sector <= sectors &&
		    request->size / SECTOR_SIZE <= sectors - header->sector) {
			return true;
		}
		break;
	case TYPE_GET_ID:
		request->size = (uint32_t)min_u64(sizeof(id), chain->writable - 1);
		(void)virtqueue_write(chain, &vm->arch, 0, id, request->size);
		status = MANAGE_DISK_OK;
		break;
	default:
		status = STATUS_UNSUPPORTED;
		break;
	}
	finish(vm, device, request, status);
	return false;
}

/* Between the request's data and `bytes`. */
static void copy(struct vm *vm, const struct virtio_block_request *request, uint32_t offset,
		 void *bytes, uint32_t size)
{
	(void)(request->header.type == MANAGE_DISK_WRITE
		       ? virtqueue_read(&request->chain, &vm->arch,
					(uint32_t)sizeof(request->header) + offset, bytes, size)
		       : virtqueue_write(&request->chain, &vm->arch, offset, bytes, size));
}

static void transfer(struct vm *vm, const struct virtio_block_request *request)
{
	uint64_t at = vm->image.disk_base + request->header.sector * SECTOR_SIZE;
	uint32_t piece;

	for (uint32_t done = 0; done < request->size; done += piece, at += piece) {
		void *window = arch_window_map(DISK_SLOT, hpa_from_u64(at));

		piece = (uint32_t)min_u64(request->size - done, FRAME_SIZE - at % FRAME_SIZE);
		copy(vm, request, done, window, piece);
		arch_window_unmap(DISK_SLOT);
	}
}

static bool notify(struct vm *vm, struct virtio *device, uint32_t queue)
{
	struct virtio_block_request request;
	uint64_t taken = 0;

	if ((vm->config.devices & CONFIG_DEVICE_SERVED0) != 0) {
		manage_disk_kick(vm);
		return false;
	}
	while (taken < REQUEST_MAX && virtio_pop(vm, device, queue, &request.chain)) {
		taken += max_u64((uint64_t)request.chain.readable + request.chain.writable,
				 REQUEST_MAX / VIRTIO_BATCH);
		if (needs_disk(vm, device, &request)) {
			transfer(vm, &request);
			finish(vm, device, &request, MANAGE_DISK_OK);
		}
	}
	virtio_interrupt(vm, device, queue);
	return taken >= REQUEST_MAX;
}

/* The request that a server works on, while device->token is not 0; behind all devices. */
static struct virtio_block_request *at_work(struct vm *vm)
{
	return (struct virtio_block_request *)(void *)virtio_of(vm, BOOT_PCI_SLOTS);
}

/* The token of the request at work, the next one if there is none. */
static uint64_t current(struct vm *vm, struct virtio *device)
{
	static _Atomic uint64_t tokens;
	uint32_t count = 0;

	while (device->token == 0 && count < TAKE_BATCH &&
	       virtio_pop(vm, device, 0, &at_work(vm)->chain)) {
		count++;
		device->token = needs_disk(vm, device, at_work(vm)) ? ++tokens : 0;
	}
	virtio_interrupt(vm, device, 0);
	if (device->token == 0 && count == TAKE_BATCH) {
		manage_disk_kick(vm); /* there may be more */
	}
	return device->token;
}

/* Between the request's data, from `offset` on, and the management partition's window. That is one
 * frame, which the command has just been read from: no access to it fails. */
static void exchange(struct vm *vm, const struct vm_arch *caller, gpa_t window, uint32_t offset,
		     uint32_t size)
{
	const struct virtio_block_request *request = at_work(vm);
	uint8_t bytes[PIECE] = {0};
	uint32_t piece;

	for (uint32_t done = 0; done < size; done += piece) {
		piece = (uint32_t)min_u64(PIECE, size - done);
		if (request->header.type == MANAGE_DISK_READ) {
			(void)!guest_mem_read(caller, gpa_add(window, done), bytes, piece);
		}
		copy(vm, request, offset + done, bytes, piece);
		if (request->header.type == MANAGE_DISK_WRITE) {
			(void)!guest_mem_write(caller, gpa_add(window, done), bytes, piece);
		}
	}
}

static enum manage_status take(struct vm *vm, uint64_t token, const struct vm_arch *caller,
			       gpa_t data, struct manage_command *command)
{
	const struct virtio_block_request *request = at_work(vm);
	struct manage_disk_request taken = {.sectors = vm->image.disk_sectors, .token = token};
	uint64_t size;

	memcpy(taken.name, vm->config.name, sizeof(taken.name));
	if (token != 0) {
		taken.sector = request->header.sector;
		taken.type = request->header.type;
		taken.size = request->size;
	}
	if (command->data_size < sizeof(taken) || command->argument > taken.size) {
		return MANAGE_INVALID;
	}
	size = min_u64(command->data_size - sizeof(taken), taken.size - command->argument);
	size = taken.type == MANAGE_DISK_WRITE ? min_u64(size, MANAGE_DISK_PIECE) : 0;
	command->data_used = (uint32_t)(sizeof(taken) + size);
	(void)!guest_mem_write(caller, data, &taken, sizeof(taken));
	exchange(vm, caller, gpa_add(data, sizeof(taken)), (uint32_t)command->argument,
		 (uint32_t)size);
	return MANAGE_OK;
}

static enum manage_status end(struct vm *vm, uint64_t token, const struct vm_arch *caller,
			      gpa_t data, const struct manage_command *command)
{
	struct virtio *device = virtio_of(vm, PLATFORM_SLOT_BLOCK);
	const struct virtio_block_request *request = at_work(vm);
	uint32_t size = command->data_size - (uint32_t)sizeof(struct manage_disk_done);
	struct manage_disk_done done = {.token = 0};

	(void)!guest_mem_read(caller, data, &done, sizeof(done));
	if (size > MANAGE_DISK_PIECE /* or too small */ || done.status > MANAGE_DISK_MORE) {
		return MANAGE_INVALID;
	}
	if (token == 0 || token != done.token) {
		return MANAGE_BUSY;
	}
	if (size > 0 && (request->header.type != MANAGE_DISK_READ || done.offset > request->size ||
			 size > request->size - done.offset)) {
		return MANAGE_INVALID;
	}
	exchange(vm, caller, gpa_add(data, sizeof(done)), done.offset, size);
	if (done.status != MANAGE_DISK_MORE) {
		finish(vm, device, request, (uint8_t)done.status);
		device->token = 0;
		virtio_interrupt(vm, device, 0);
	}
	return MANAGE_OK;
}

enum manage_status disk_serve(struct vm *vm, const struct vm_arch *caller, gpa_t data,
			      struct manage_command *command)
{
	struct virtio *device = virtio_of(vm, PLATFORM_SLOT_BLOCK);
	enum manage_status status;
	uint64_t token;

	if ((vm->config.devices & CONFIG_DEVICE_SERVED0) == 0) {
		return MANAGE_DENIED;
	}
	spin_lock(&vm->lock);
	spin_lock(&device->lock);
	token = atomic_load(&vm->state) == VM_RUNNING ? current(vm, device) : 0;
	status = command->opcode == MANAGE_DISK_TAKE ? take(vm, token, caller, data, command)
						     : end(vm, token, caller, data, command);
	spin_unlock(&device->lock);
	spin_unlock(&vm->lock);
	return status;
}

const struct virtio_kind virtio_block_kind = {
	.queue_count = PLATFORM_BLOCK_QUEUES,
	.features = FEATURES,
	.notify = notify,
};
