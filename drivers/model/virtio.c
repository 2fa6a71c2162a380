/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of virtio devices (virtio 1.2, "Common configuration structure layout"). */
#include "virtio.h"

#include "bits.h"
#include "hv/vm.h"
#include "log.h"
#include "models.h"
#include "str.h"
#include "virtio_kinds.h"

/* "Device Status Field". */
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u

/* "Reserved Feature Bits". */
#define FEATURE_INDIRECT    BIT(28)
#define FEATURE_EVENT_INDEX BIT(29)
#define FEATURE_VERSION_1   BIT(32)
#define FEATURES_OF_ALL     (FEATURE_INDIRECT | FEATURE_EVENT_INDEX | FEATURE_VERSION_1)

#define ISR_QUEUE  1u
#define ISR_CONFIG 2u
#define NO_VECTOR  0xffffu

/* struct virtio_pci_common_cfg. */
struct common {
	uint32_t offered_select;
	uint32_t offered;
	uint32_t accepted_select;
	uint32_t accepted;
	uint16_t config_vector;
	uint16_t queue_count;
	uint8_t status;
	uint8_t config_generation;
	uint16_t queue_select;
	uint16_t queue_size;
	uint16_t queue_vector;
	uint16_t queue_enable;
	uint16_t queue_notify_offset;
	uint64_t queue_descriptors;
	uint64_t queue_available;
	uint64_t queue_used;
};
_Static_assert(sizeof(struct common) == VIRTIO_COMMON_SIZE, "virtio_pci_common_cfg");

static const struct virtio_kind *const kinds[BOOT_PCI_SLOTS] = {
	[PLATFORM_SLOT_CONSOLE] = &virtio_console_kind,
	[PLATFORM_SLOT_BLOCK] = &virtio_block_kind,
	[PLATFORM_SLOT_NET] = &virtio_net_kind,
	[PLATFORM_SLOT_ENTROPY] = &virtio_entropy_kind,
};

struct virtio *virtio_of(struct vm *vm, uint32_t slot)
{
	return (struct virtio *)vm->device_state[MODEL_VIRTIO] + slot;
}

/* The kind of the device whose ports `offset` lies in, if this VM has it. */
static const struct virtio_kind *kind_at(struct vm *vm, uint32_t offset)
{
	uint32_t slot = offset / PLATFORM_PCI_PORTS_EACH;

	return vm->image.pci[slot].value[0] != 0 ? kinds[slot] : NULL;
}

static void raise(struct vm *vm, struct virtio *device, uint16_t vector, uint8_t cause)
{
	device->isr |= cause;
	vpci_raise(vm, device->slot, vector);
}

void virtio_interrupt(struct vm *vm, struct virtio *device, uint32_t queue)
{
	if (virtqueue_wants_interrupt(&device->queues[queue], &vm->arch)) {
		raise(vm, device, device->queues[queue].vector, ISR_QUEUE);
	}
}

void virtio_config_changed(struct vm *vm, struct virtio *device)
{
	device->generation++;
	if ((device->status & STATUS_DRIVER_OK) != 0) {
		raise(vm, device, device->config_vector, ISR_CONFIG);
	}
}

/* Said once since the VM's start: a guest must not be able to fill the log. */
static void fail(struct vm *vm, struct virtio *device, const char *what, uint32_t queue)
{
	if (!device->is_reported) {
		device->is_reported = true;
		log_notice("partition %s: virtio device %u: %s of queue %u; stopped until its "
			   "reset (said once)",
			   vm->name, device->slot, what, queue);
	}
	device->status |= STATUS_NEEDS_RESET;
	virtio_config_changed(vm, device);
}

bool virtio_pop(struct vm *vm, struct virtio *device, uint32_t queue, struct virtqueue_chain *chain)
{
	if ((device->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) != STATUS_DRIVER_OK) {
		return false;
	}
	if (virtqueue_pop(&device->queues[queue], &vm->arch, chain)) {
		return true;
	}
	if (device->queues[queue].is_broken) {
		fail(vm, device, "bad ring", queue);
	}
	return false;
}

static void reset(struct vm *vm, struct virtio *device)
{
	size_t kept = offsetof(struct virtio, offered_select); /* others may wait for the lock */

	memset((uint8_t *)device + kept, 0, sizeof(*device) - kept);
	device->config_vector = NO_VECTOR;
	for (uint32_t i = 0; i < VIRTIO_QUEUE_MAX; i++) {
		device->queues[i].size = VIRTQUEUE_SIZE_MAX;
		device->queues[i].vector = NO_VECTOR;
	}
	memcpy(device->config, vm->image.pci[device->slot].config,
	       sizeof(vm->image.pci[device->slot].config));
}

static struct common describe(struct virtio *device, const struct virtio_kind *kind)
{
	uint64_t offered = kind->features | FEATURES_OF_ALL;
	struct common common = {
		.offered_select = device->offered_select,
		.accepted_select = device->accepted_select,
		.config_vector = device->config_vector,
		.queue_count = (uint16_t)kind->queue_count,
		.status = device->status,
		.config_generation = device->generation,
		.queue_select = device->queue_select,
	};

	if (device->offered_select < 2) {
		common.offered = low32(offered >> 32 * device->offered_select);
	}
	if (device->accepted_select < 2) {
		common.accepted = low32(device->accepted >> 32 * device->accepted_select);
	}
	if (device->queue_select < kind->queue_count) {
		const struct virtqueue *queue = &device->queues[device->queue_select];

		common.queue_size = queue->size;
		common.queue_vector = queue->vector;
		common.queue_enable = queue->is_enabled;
		common.queue_descriptors = queue->descriptors;
		common.queue_available = queue->available;
		common.queue_used = queue->used;
	}
	return common;
}

/* "Driver Requirements: Device Status Field": features are taken as a whole or not at all. */
static void write_status(struct vm *vm, struct virtio *device, const struct virtio_kind *kind,
			 uint8_t status)
{
	bool is_acceptable = (device->accepted & ~(kind->features | FEATURES_OF_ALL)) == 0 &&
			     (device->accepted & FEATURE_VERSION_1) != 0;

	if (status == 0) {
		reset(vm, device);
		return;
	}
	if ((status & ~device->status & STATUS_FEATURES_OK) != 0 && !is_acceptable) {
		status &= (uint8_t)~STATUS_FEATURES_OK;
	}
	device->status = status | (device->status & STATUS_NEEDS_RESET);
}

static void enable_queue(struct vm *vm, struct virtio *device, struct virtqueue *queue)
{
	queue->has_event_index = (device->accepted & FEATURE_EVENT_INDEX) != 0;
	queue->is_enabled =
		(device->status & STATUS_FEATURES_OK) != 0 && virtqueue_is_sound(queue, &vm->arch);
	if (!queue->is_enabled) {
		fail(vm, device, "bad addresses or size", device->queue_select);
	}
}

static void write_queue(struct vm *vm, struct virtio *device, const struct virtio_kind *kind,
			const struct common *common, uint32_t offset)
{
	struct virtqueue *queue = device->queues;

	if (device->queue_select >= kind->queue_count) {
		return;
	}
	queue += device->queue_select;
	if (queue->is_enabled) { /* stays as it is until the device's reset */
		return;
	}
	if (offset == offsetof(struct common, queue_enable)) {
		if (common->queue_enable == 1) {
			enable_queue(vm, device, queue);
		}
		return;
	}
	queue->size = common->queue_size;
	queue->vector =
		common->queue_vector <= kind->queue_count ? common->queue_vector : NO_VECTOR;
	queue->descriptors = common->queue_descriptors;
	queue->available = common->queue_available;
	queue->used = common->queue_used;
}

/* common: the registers with what the driver writes at `offset` in its place. */
static void write_common(struct vm *vm, struct virtio *device, const struct virtio_kind *kind,
			 const struct common *common, uint32_t offset)
{
	uint32_t shift = 32 * (device->accepted_select & 1);

	device->offered_select = common->offered_select;
	device->accepted_select = common->accepted_select;
	device->queue_select = common->queue_select;
	device->config_vector =
		common->config_vector <= kind->queue_count ? common->config_vector : NO_VECTOR;
	if (offset == offsetof(struct common, status)) {
		write_status(vm, device, kind, common->status);
	} else if (offset >= offsetof(struct common, queue_size)) {
		write_queue(vm, device, kind, common, offset);
	} else if (offset == offsetof(struct common, accepted) && device->accepted_select < 2 &&
		   (device->status & STATUS_FEATURES_OK) == 0) {
		device->accepted &= ~((uint64_t)UINT32_MAX << shift);
		device->accepted |= (uint64_t)common->accepted << shift;
	}
}

static uint64_t read_common(struct virtio *device, const struct virtio_kind *kind, uint32_t offset,
			    uint32_t size)
{
	struct common common = describe(device, kind);
	uint64_t result = 0;

	memcpy(&result, (const uint8_t *)&common + offset, min_u64(size, sizeof(common) - offset));
	return result;
}

static uint64_t read_rest(struct virtio *device, uint32_t offset, uint32_t size)
{
	uint64_t result = 0;

	if (offset == PLATFORM_VIRTIO_ISR) { /* reading ends it ("ISR status capability") */
		result = device->isr;
		device->isr = 0;
	} else if (offset >= PLATFORM_VIRTIO_CONFIG &&
		   offset + size <= PLATFORM_VIRTIO_CONFIG_END) {
		memcpy(&result, device->config + (offset - PLATFORM_VIRTIO_CONFIG), size);
	}
	return result;
}

uint64_t virtio_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	const struct virtio_kind *kind = kind_at(vcpu->vm, offset);
	struct virtio *device = virtio_of(vcpu->vm, offset / PLATFORM_PCI_PORTS_EACH);
	uint64_t result;

	if (kind == NULL) {
		return ~UINT64_C(0);
	}
	offset %= PLATFORM_PCI_PORTS_EACH;
	spin_lock(&device->lock);
	result = offset < VIRTIO_COMMON_SIZE ? read_common(device, kind, offset, size)
					     : read_rest(device, offset, size);
	spin_unlock(&device->lock);
	return result;
}

/* No field of a device's configuration is the driver's. */
void virtio_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	const struct virtio_kind *kind = kind_at(vcpu->vm, offset);
	struct virtio *device = virtio_of(vcpu->vm, offset / PLATFORM_PCI_PORTS_EACH);

	if (kind == NULL) {
		return;
	}
	offset %= PLATFORM_PCI_PORTS_EACH;
	spin_lock(&device->lock);
	if (offset == PLATFORM_VIRTIO_NOTIFY) {
		if (value < kind->queue_count) {
			vcpu->is_again = kind->notify(vcpu->vm, device, (uint32_t)value);
		}
	} else if (offset < VIRTIO_COMMON_SIZE) {
		struct common common = describe(device, kind);

		memcpy((uint8_t *)&common + offset, &value, min_u64(size, sizeof(common) - offset));
		write_common(vcpu->vm, device, kind, &common, offset);
	}
	spin_unlock(&device->lock);
}

void virtio_reset(struct vm *vm)
{
	for (uint32_t slot = 0; slot < BOOT_PCI_SLOTS; slot++) {
		if (kinds[slot] != NULL) {
			virtio_of(vm, slot)->slot = slot;
			reset(vm, virtio_of(vm, slot));
		}
	}
}
