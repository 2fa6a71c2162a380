/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices and their switch: three stations, and a partition without one. */
/* Links: boot/guest_pci.c @models */
#include "host/virtio_net_bench.h"

#define NEEDS_RESET 64u
#define HEADER      12u
#define FRAME_MIN   14u
#define FRAME_MAX   1514u
#define SENT        UINT64_C(0x40000) /* where a driver has frames to send, 4 KiB each */
#define BATCH       32u               /* frames that one notification moves to one receiver */

/* A frame of `size` bytes with the header, ready to send as request `index`; to the last byte of an
 * address, 0xff: to everybody. */
static void make(uint16_t index, uint8_t to, uint8_t from, uint32_t size)
{
	uint8_t *bytes = driver_memory(SENT + index * UINT64_C(0x1000));

	memset(bytes, 0xee, HEADER); /* what a driver writes there is not passed on */
	for (uint32_t i = 0; i < size; i++) {
		bytes[HEADER + i] = (uint8_t)(i * 7 + index);
	}
	memcpy(bytes + HEADER, "\x52\x42\x48", 4);
	memset(bytes + HEADER + 4, 0, 2);
	if (to == 0xff) {
		memset(bytes + HEADER, 0xff, 6);
	}
	bytes[HEADER + 5] = to;
	memcpy(bytes + HEADER + 6, "\x52\x42\x48", 4);
	bytes[HEADER + 10] = 0;
	bytes[HEADER + 11] = from;
	offer(TRANSMIT, index, SENT + index * UINT64_C(0x1000), HEADER + size);
}

static void send(uint16_t index, uint8_t to, uint8_t from, uint32_t size)
{
	make(index, to, from, size);
	set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
}

/* Buffer `buffer` of station `index` holds what request `request` of the driven one sent. */
static void check_received(uint32_t index, uint16_t buffer, uint16_t request, uint32_t size)
{
	static const uint8_t header[HEADER] = {[10] = 1};
	uint8_t sent[FRAME_MAX];
	uint32_t before = driven;
	const uint8_t *bytes;

	memcpy(sent, driver_memory(SENT + request * UINT64_C(0x1000) + HEADER), size);
	as(index);
	bytes = driver_memory(RECEIVED + buffer * UINT64_C(0x1000));
	TAP_EQUAL(*driver_word(queue_of(RECEIVE).used + 4 + buffer * 8u), buffer);
	TAP_EQUAL(*driver_word(queue_of(RECEIVE).used + 8 + buffer * 8u), HEADER + size);
	TAP_EQUAL(memcmp(bytes, header, HEADER), 0);
	TAP_EQUAL(memcmp(bytes + HEADER, sent, size), 0);
	TAP_EQUAL(bytes[HEADER + size], 0); /* nothing behind it */
	as(before);
}

static void tells_its_address(void)
{
	start_all();
	for (uint8_t i = 0; i < STATIONS; i++) {
		as(i);
		TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG, 4), 0x00484252);
		TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 4, 1), 0);
		TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 5, 1), i + 1u);
		TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 6, 2), 1);
		TAP_EQUAL(get(0x12, 2), 2);
		set(0x00, 4, 0);
		TAP_EQUAL(get(0x04, 4), 1u << 5 | 1u << 16 | 1u << 28 | 1u << 29);
		TAP_EQUAL(get(0x14, 1), 15);
	}
}

static void unicast_reaches_one(void)
{
	static const uint32_t sizes[] = {FRAME_MIN, 15, 60, 1000, FRAME_MAX};

	start_all();
	give_buffers(0, 8, 2048);
	give_buffers(1, 8, 2048);
	give_buffers(2, 8, 2048);
	as(0);
	for (uint16_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		bench_clear();
		send(i, 2, 1, sizes[i]);
		TAP_EQUAL(used(0, TRANSMIT), i + 1u);
		TAP_EQUAL(used(1, RECEIVE), i + 1u);
		check_received(1, i, i, sizes[i]);
		TAP_EQUAL(bench.interrupted[vector_of(0, TRANSMIT)], 1);
		TAP_EQUAL(bench.interrupted[vector_of(1, RECEIVE)], 1);
		TAP_EQUAL(bench.interrupt_count, 2);
	}
	TAP_EQUAL(used(0, RECEIVE), 0);
	TAP_EQUAL(used(2, RECEIVE), 0);
	as(1);
	send(0, 1, 2, 100); /* and back */
	check_received(0, 0, 0, 100);
	send(1, 9, 2, 100); /* nobody */
	send(2, 4, 2, 100); /* without a device */
	send(3, 2, 2, 100); /* itself */
	TAP_EQUAL(used(1, TRANSMIT), 4);
	TAP_EQUAL(used(0, RECEIVE) + used(1, RECEIVE) + used(2, RECEIVE), 1 + 5);
}

static void broadcast_reaches_all_others(void)
{
	start_all();
	give_buffers(0, 8, 2048);
	give_buffers(1, 8, 2048);
	give_buffers(2, 8, 2048);
	as(1);
	send(0, 0xff, 2, 60);
	check_received(0, 0, 0, 60);
	check_received(2, 0, 0, 60);
	make(1, 1, 2, 60);
	driver_memory(SENT + 0x1000 + HEADER)[0] = 0x33; /* multicast */
	set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
	check_received(0, 1, 1, 60);
	check_received(2, 1, 1, 60);
	TAP_EQUAL(used(1, RECEIVE), 0);
}

/* Station 0 is the management partition: others are behind its card, with addresses 9 and 10. */
static void the_way_out(void)
{
	start_all();
	stations[0].vm.config.flags |= CONFIG_PARTITION_MANAGEMENT;
	give_buffers(0, 8, 2048);
	give_buffers(1, 8, 2048);
	give_buffers(2, 8, 2048);
	as(1);
	send(0, 9, 2, 60);
	check_received(0, 0, 0, 60);
	send(1, 9, 10, 60); /* a partition sends for nobody else */
	send(2, 3, 2, 60);  /* what is another partition's is not its */
	TAP_EQUAL(used(0, RECEIVE), 1);
	TAP_EQUAL(used(2, RECEIVE), 1);
	as(0);
	send(0, 2, 9, 60);
	check_received(1, 0, 0, 60);
	send(1, 2, 3, 60);  /* not under a partition's address */
	send(2, 10, 9, 60); /* both behind it */
	TAP_EQUAL(used(0, TRANSMIT), 3);
	TAP_EQUAL(used(0, RECEIVE) + used(1, RECEIVE) + used(2, RECEIVE), 1 + 1 + 1);
	send(3, 0xff, 9, 60);
	check_received(1, 1, 3, 60);
	make(4, 2, 9, 60);
	driver_memory(SENT + 0x4000 + HEADER + 6)[0] |= 1; /* no sender is a group */
	set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
	TAP_EQUAL(used(1, RECEIVE), 2);
	stations[0].vm.config.flags = 0;
}

static void bad_frames_are_dropped(void)
{
	start_all();
	give_buffers(1, 8, 2048);
	as(0);
	send(0, 2, 3, 60); /* under another's address */
	send(1, 2, 2, 60); /* the receiver's own */
	make(2, 2, 1, 60);
	driver_memory(SENT + 0x2000 + HEADER + 6)[0] |= 1;
	set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
	send(3, 2, 1, FRAME_MIN - 1);
	send(4, 2, 1, FRAME_MAX + 1);
	offer(TRANSMIT, 5, SENT, 5); /* not even a header */
	make(6, 2, 1, 60);
	offer(TRANSMIT, 7, 0, (uint32_t)DRIVER_RAM);
	set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
	TAP_EQUAL(used(0, TRANSMIT), 8); /* taken and given back all the same */
	TAP_EQUAL(used(1, RECEIVE), 1);
	check_received(1, 0, 6, 60);
	TAP_EQUAL(get(0x14, 1), 15);
}

static void without_room_frames_are_lost(void)
{
	start_all();
	as(0);
	send(0, 2, 1, 60); /* no buffer */
	TAP_EQUAL(used(0, TRANSMIT), 1);
	give_buffers(1, 1, HEADER + 59);
	send(1, 2, 1, 60); /* too small: comes back empty */
	TAP_EQUAL(used(1, RECEIVE), 1);
	as(1);
	TAP_EQUAL(*driver_word(queue_of(RECEIVE).used + 8), 0);
	TAP_EQUAL(driver_memory(RECEIVED)[0], 0);
	offer(RECEIVE, 1, RECEIVED + 0x1000, HEADER + 60);
	as(0);
	send(2, 2, 1, 60);
	check_received(1, 1, 2, 60);
	as(1);
	set(0x14, 1, 0); /* reset: its driver's buffers are its own again */
	as(0);
	send(3, 2, 1, 60);
	TAP_EQUAL(used(0, TRANSMIT), 4);
	TAP_EQUAL(used(1, RECEIVE), 2);
}

static void only_running_partitions_receive(void)
{
	static const enum vm_state states[] = {VM_STOPPED, VM_STOPPING};

	start_all();
	give_buffers(1, 8, 2048);
	give_buffers(2, 8, 2048);
	as(0);
	for (uint16_t i = 0; i < ARRAY_COUNT(states); i++) {
		stations[1].vm.state = states[i];
		send(i, 0xff, 1, 60);
		TAP_EQUAL(used(1, RECEIVE), 0);
		check_received(2, i, i, 60);
	}
	stations[1].vm.state = VM_RUNNING;
	reset_models(&stations[1]); /* a new start: nobody has set the device up */
	send(2, 2, 1, 60);
	TAP_EQUAL(used(1, RECEIVE), 0);
}

static bool is_held(const struct spin_lock *lock)
{
	return lock->next != lock->serving;
}

static uint32_t deliveries;

/* In the middle of a delivery: the receiver cannot be stopped or started, and the sender's device
 * is free. (arch/fake fails when anybody waits for a lock.) */
static void check_locks(struct vcpu *vcpu)
{
	if (vcpu == &stations[1].vcpu) {
		deliveries++;
		TAP_CHECK(is_held(&stations[1].vm.lock));
		TAP_CHECK(!is_held(&stations[0].vm.lock));
		TAP_EQUAL(get(0x14, 1), 15);
	}
}

static void reset_sender(struct vcpu *vcpu)
{
	if (vcpu == &stations[1].vcpu) {
		set(0x14, 1, 0);
	}
}

static void locks_are_not_held_together(void)
{
	start_all();
	give_buffers(1, 8, 2048);
	as(0);
	bench.on_interrupt = check_locks;
	deliveries = 0;
	send(0, 2, 1, 60);
	TAP_EQUAL(deliveries, 1);
	bench.on_interrupt = reset_sender; /* by another of its vCPUs */
	make(1, 2, 1, 60);
	send(2, 2, 1, 60);
	TAP_EQUAL(used(0, TRANSMIT), 2);
	TAP_EQUAL(used(1, RECEIVE), 2);
	TAP_EQUAL(get(0x14, 1), 0);
	for (uint32_t i = 0; i < STATIONS; i++) {
		TAP_CHECK(!is_held(&stations[i].vm.lock));
	}
}

/* Each device stands for itself. */
static void bad_rings_stop_one_device(void)
{
	start_all();
	give_buffers(2, 8, 2048);
	as(1);
	offer(RECEIVE, 0, DRIVER_RAM, 2048);
	as(0);
	send(0, 0xff, 1, 60);
	TAP_EQUAL(get(0x14, 1), 15);
	check_received(2, 0, 0, 60);
	as(1);
	TAP_EQUAL(get(0x14, 1), 15 | NEEDS_RESET);
	as(0);
	offer(TRANSMIT, 1, DRIVER_RAM, 60);
	set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
	TAP_EQUAL(get(0x14, 1), 15 | NEEDS_RESET);
	send(2, 0xff, 1, 60);
	TAP_EQUAL(used(2, RECEIVE), 1);
	as(2);
	TAP_EQUAL(get(0x14, 1), 15);
}

static void floods_are_taken_in_pieces(void)
{
	start_all();
	give_buffers(1, QUEUE_SIZE, 2048);
	as(0);
	for (uint16_t i = 0; i < 100; i++) {
		make(i, 2, 1, FRAME_MAX);
	}
	for (uint32_t done = BATCH; done < 100; done += BATCH) {
		set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
		TAP_EQUAL(used(1, RECEIVE), done);
		TAP_CHECK(stations[0].vcpu.is_again);
		stations[0].vcpu.is_again = false; /* as hv/exit.c */
	}
	set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
	TAP_EQUAL(used(1, RECEIVE), 100);
	TAP_CHECK(!stations[0].vcpu.is_again);
	check_received(1, 99, 99, FRAME_MAX);
	for (uint16_t i = 0; i < 100; i++) { /* to two: each of them counts */
		make(i, 0xff, 1, 60);
	}
	set(PLATFORM_VIRTIO_NOTIFY, 2, TRANSMIT);
	TAP_EQUAL(used(0, TRANSMIT), 122);
	TAP_CHECK(stations[0].vcpu.is_again);
}

static const struct tap_case cases[] = {
	{"tells its address", tells_its_address},
	{"unicast reaches one", unicast_reaches_one},
	{"broadcast reaches all others", broadcast_reaches_all_others},
	{"the management partition is the way out", the_way_out},
	{"bad frames are dropped", bad_frames_are_dropped},
	{"without room frames are lost", without_room_frames_are_lost},
	{"only running partitions receive", only_running_partitions_receive},
	{"locks are not held together", locks_are_not_held_together},
	{"bad rings stop one device", bad_rings_stop_one_device},
	{"floods are taken in pieces", floods_are_taken_in_pieces},
};

TAP_MAIN(cases)
