/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio devices over PCI, modern only (virtio 1.2, "Virtio Over PCI Bus"): the registers that all
 * kinds of device share. All structures lie in ports (BAR 0), so that no access has to be decoded.
 */
#pragma once

#include "arch/spin.h"
#include "virtqueue.h"
#include "vpci.h"

#define VIRTIO_COMMON_SIZE (PLATFORM_VIRTIO_NOTIFY - PLATFORM_VIRTIO_COMMON)
#define VIRTIO_CONFIG_SIZE (PLATFORM_VIRTIO_CONFIG_END - PLATFORM_VIRTIO_CONFIG)
#define VIRTIO_QUEUE_MAX   6u
#define VIRTIO_BATCH       VIRTQUEUE_SIZE_MAX

/* What a driver has made of a device. Guarded by `lock`, which a kind's functions run under.
 * (The switch of virtio_net.c lets go of it while it delivers.) */
struct virtio {
	struct spin_lock lock;
	uint32_t slot;    /* of the bus */
	bool is_reported; /* a fault, to the log; from here on everything is reset by the driver */
	uint32_t offered_select;
	uint32_t accepted_select;
	uint64_t accepted; /* features */
	uint16_t config_vector;
	uint16_t queue_select;
	uint8_t status;
	uint8_t isr;
	uint8_t generation; /* of `config` */
	uint64_t token;     /* of the request that a server works on; 0: of none */
	struct virtqueue queues[VIRTIO_QUEUE_MAX];
	uint8_t config[VIRTIO_CONFIG_SIZE]; /* device-specific; read-only for the driver */
};

/* A kind of device. Its type, class, number of queues and configuration stand in boot/guest_pci.c.
 */
struct virtio_kind {
	uint32_t queue_count;
	uint64_t features; /* besides those that every device has */
	/* The driver has put requests into a queue, or buffers. Takes VIRTIO_BATCH requests at
	 * most, for other vCPUs may go on adding some; true: there may be more, so once more. */
	bool (*notify)(struct vm *vm, struct virtio *device, uint32_t queue);
};

struct virtio *virtio_of(struct vm *vm, uint32_t slot);
void virtio_reset(struct vm *vm);
uint64_t virtio_read(struct vcpu *vcpu, uint32_t offset, uint32_t size);
void virtio_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value);

/* Takes a request, as virtqueue_pop(); a broken queue makes the device ask for its reset. */
bool virtio_pop(struct vm *vm, struct virtio *device, uint32_t queue,
		struct virtqueue_chain *chain);
/* A driver that is there is to look at status and configuration again. */
void virtio_config_changed(struct vm *vm, struct virtio *device);
/* After pushes into a queue: the interrupt, if the driver wants it. */
void virtio_interrupt(struct vm *vm, struct virtio *device, uint32_t queue);
