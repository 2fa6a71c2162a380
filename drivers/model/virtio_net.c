/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network device (virtio 1.2, "Network Device"), and the switch between the partitions that
 * have one. A frame is copied from its sender to this CPU's stack, judged there, and copied on to
 * each receiver that has a buffer for it. MAC addresses are the loader's, and nobody sends under
 * another's. The management partition's card is the switch's way out: it may send for others behind
 * it, under an address that no partition has, and gets what is for such an address.
 *
 * The sender lets go of its device's lock while it delivers, so that two that send to each other
 * never hold both. The receiver's vm->lock keeps it running meanwhile: neither a stop, which clears
 * its RAM, nor a start, which clears its devices' state and the locks in it, can come in between.
 */
#include "bits.h"
#include "hv/vm.h"
#include "str.h"
#include "virtio_kinds.h"

#define QUEUE_RECEIVE  0u
#define QUEUE_TRANSMIT 1u
_Static_assert(QUEUE_TRANSMIT + 1 == PLATFORM_NET_QUEUES, "as guest_pci.c tells");

#define FEATURE_MAC    BIT(5)
#define FEATURE_STATUS BIT(16)

#define MAC_SIZE  6u
#define MAC_GROUP 1u /* of the first byte: broadcast or multicast */
#define FRAME_MAX 1514u

/* Frames taken and frames delivered in one exit. */
#define BATCH 64u

/* struct virtio_net_hdr, and an Ethernet frame. */
struct packet {
	uint8_t offloads[10]; /* none was offered: zeros */
	uint16_t buffer_count;
	uint8_t destination[MAC_SIZE];
	uint8_t source[MAC_SIZE];
	uint8_t rest[FRAME_MAX - 2 * MAC_SIZE];
};
#define PACKET_MIN (offsetof(struct packet, rest) + sizeof(uint16_t)) /* with the EtherType */
_Static_assert(sizeof(struct packet) == 12 + FRAME_MAX, "no padding");

static bool is_mac_of(const struct vm *vm, const uint8_t mac[MAC_SIZE])
{
	return memcmp(vm->image.pci[PLATFORM_SLOT_NET].config, mac, MAC_SIZE) == 0;
}

static bool is_partition_mac(const uint8_t mac[MAC_SIZE])
{
	for (uint32_t i = 0; i < CONFIG_PARTITION_MAX; i++) {
		const struct vm *vm = vm_get(i);

		if (vm != NULL && vm->image.pci[PLATFORM_SLOT_NET].value[0] != 0 &&
		    is_mac_of(vm, mac)) {
			return true;
		}
	}
	return false;
}

/* An address of this partition's own, or behind it. */
static bool is_behind(const struct vm *vm, const uint8_t mac[MAC_SIZE])
{
	return is_mac_of(vm, mac) ||
	       ((vm->config.flags & CONFIG_PARTITION_MANAGEMENT) != 0 && !is_partition_mac(mac));
}

static void deliver(struct vm *to, const struct packet *packet, uint32_t size)
{
	struct virtio *device = virtio_of(to, PLATFORM_SLOT_NET);
	struct virtqueue_chain chain;

	spin_lock(&device->lock);
	if (virtio_pop(to, device, QUEUE_RECEIVE, &chain)) {
		uint32_t written = 0; /* a buffer that is too small comes back empty */

		if (chain.writable >= size) {
			written = virtqueue_write(&chain, &to->arch, 0, packet, size);
		}
		virtqueue_push(&device->queues[QUEUE_RECEIVE], &to->arch, chain.head, written);
		virtio_interrupt(to, device, QUEUE_RECEIVE);
	}
	spin_unlock(&device->lock);
}

/* To everyone it is for. Returns how many that are. */
static uint32_t forward(const struct vm *from, const struct packet *packet, uint32_t size)
{
	bool is_group = (packet->destination[0] & MAC_GROUP) != 0;
	uint32_t receivers = 0;

	for (uint32_t i = 0; i < CONFIG_PARTITION_MAX; i++) {
		struct vm *to = vm_get(i);

		if (to == NULL || to == from || to->image.pci[PLATFORM_SLOT_NET].value[0] == 0 ||
		    !(is_group || is_behind(to, packet->destination))) {
			continue;
		}
		spin_lock(&to->lock);
		if (atomic_load(&to->state) == VM_RUNNING) {
			deliver(to, packet, size);
		}
		spin_unlock(&to->lock);
		receivers++;
	}
	return receivers;
}

static bool transmit(struct vm *vm, struct virtio *device)
{
	struct virtqueue_chain chain;
	struct packet packet;
	uint32_t done = 0;

	while (done < BATCH && virtio_pop(vm, device, QUEUE_TRANSMIT, &chain)) {
		uint32_t size = virtqueue_read(&chain, &vm->arch, 0, &packet, sizeof(packet));

		virtqueue_push(&device->queues[QUEUE_TRANSMIT], &vm->arch, chain.head, 0);
		done++;
		if (chain.readable > sizeof(packet) || size < PACKET_MIN ||
		    (packet.source[0] & MAC_GROUP) != 0 || !is_behind(vm, packet.source)) {
			continue;
		}
		memset(packet.offloads, 0, sizeof(packet.offloads));
		packet.buffer_count = 1;
		spin_unlock(&device->lock);
		done += forward(vm, &packet, size);
		spin_lock(&device->lock);
	}
	virtio_interrupt(vm, device, QUEUE_TRANSMIT);
	return done >= BATCH;
}

/* Buffers for what is received are used when there is some. */
static bool notify(struct vm *vm, struct virtio *device, uint32_t queue)
{
	return queue == QUEUE_TRANSMIT && transmit(vm, device);
}

const struct virtio_kind virtio_net_kind = {
	.queue_count = PLATFORM_NET_QUEUES,
	.features = FEATURE_MAC | FEATURE_STATUS,
	.notify = notify,
};
