/* SPDX-License-Identifier: Apache-2.0 */
/* Split virtqueues: what a driver may do, and everything that it may not. */
/* Links: drivers/model/virtqueue.c hv/guest_mem.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "host/virtqueue_driver.h"

#include "tap.h"

#define SIZE 8u

static struct vm vm;
static struct virtqueue queue;
static struct virtqueue_chain chain;

static void start(void)
{
	driver_start(&vm, &queue, SIZE);
}

static void takes_requests_in_order(void)
{
	static const uint8_t reply[] = {7, 8, 9, 10, 11};
	uint8_t bytes[8];

	start();
	TAP_CHECK(!virtqueue_pop(&queue, &vm.arch, &chain));
	memcpy(driver_memory(0x10000), "abcdef", 6);
	driver_describe(DRIVER_DESCRIPTORS, 5, 0x10000, 4, DRIVER_NEXT, 2);
	driver_describe(DRIVER_DESCRIPTORS, 2, 0x10004, 2, DRIVER_NEXT, 7);
	driver_describe(DRIVER_DESCRIPTORS, 7, 0x11000, 3, DRIVER_NEXT | DRIVER_WRITE, 1);
	driver_describe(DRIVER_DESCRIPTORS, 1, 0x12000, 100, DRIVER_WRITE, 0);
	driver_describe(DRIVER_DESCRIPTORS, 0, 0x10000, 1, 0, 0);
	driver_offer(&queue, 5);
	driver_offer(&queue, 0);
	TAP_CHECK(virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_EQUAL(chain.head, 5);
	TAP_EQUAL(chain.readable, 6);
	TAP_EQUAL(chain.writable, 103);
	TAP_EQUAL(virtqueue_read(&chain, &vm.arch, 2, bytes, sizeof(bytes)), 4);
	TAP_EQUAL(memcmp(bytes, "cdef", 4), 0);
	TAP_EQUAL(virtqueue_read(&chain, &vm.arch, 6, bytes, 1), 0);
	TAP_EQUAL(virtqueue_write(&chain, &vm.arch, 1, reply, 5), 5);
	TAP_EQUAL(driver_memory(0x11000)[0], 0);
	TAP_EQUAL(driver_memory(0x11000)[2], 8);
	TAP_EQUAL(driver_memory(0x11000)[3], 0); /* behind the segment */
	TAP_EQUAL(driver_memory(0x12000)[2], 11);
	virtqueue_push(&queue, &vm.arch, chain.head, 6);
	TAP_EQUAL(*driver_word(DRIVER_USED + 2), 1);
	TAP_EQUAL(*driver_word(DRIVER_USED + 4), 5);
	TAP_EQUAL(*driver_word(DRIVER_USED + 8), 6);
	TAP_CHECK(virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_EQUAL(chain.head, 0);
	TAP_CHECK(!virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_CHECK(!queue.is_broken);
}

/* Both indices run over 16 bits, and the ring is used many times over. */
static void indices_wrap(void)
{
	start();
	driver_describe(DRIVER_DESCRIPTORS, 3, 0x10000, 4, 0, 0);
	queue.next_available = UINT16_MAX - 1;
	queue.next_used = UINT16_MAX - 1;
	*driver_word(DRIVER_AVAILABLE + 2) = UINT16_MAX - 1;
	for (uint32_t i = 0; i < 20; i++) {
		driver_offer(&queue, 3);
		TAP_CHECK(virtqueue_pop(&queue, &vm.arch, &chain));
		virtqueue_push(&queue, &vm.arch, chain.head, 0);
	}
	TAP_EQUAL(*driver_word(DRIVER_USED + 2), 18);
	TAP_CHECK(!virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_CHECK(!queue.is_broken);
}

static void follows_an_indirect_table(void)
{
	start();
	driver_describe(DRIVER_DESCRIPTORS, 0, 0x10000, 4, DRIVER_NEXT, 1);
	driver_describe(DRIVER_DESCRIPTORS, 1, DRIVER_INDIRECT, 20 * 16, DRIVER_IS_TABLE, 0);
	for (uint16_t i = 0; i < 20; i++) {
		driver_describe(DRIVER_INDIRECT, i, 0x20000 + i * UINT64_C(64), 64,
				(uint16_t)((i < 19 ? DRIVER_NEXT : 0) | (i > 9 ? DRIVER_WRITE : 0)),
				(uint16_t)(i + 1));
	}
	driver_offer(&queue, 0);
	TAP_CHECK(virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_EQUAL(chain.readable, 4 + 640);
	TAP_EQUAL(chain.writable, 640);
	TAP_EQUAL(chain.count, 21);
}

/* Each leaves the queue broken: nothing more is taken from it, also nothing sound. */
static void refuses_bad_chains(void)
{
	static const struct {
		const char *what;
		uint64_t address;
		uint32_t size;
		uint16_t flags;
		uint16_t next;
	} bad[] = {
		{"outside RAM", DRIVER_RAM, 16, 0, 0},
		{"over the end of RAM", DRIVER_RAM - 8, 16, 0, 0},
		{"round the end of addresses", UINT64_MAX - 3, 16, 0, 0},
		{"a loop", 0x10000, 16, DRIVER_NEXT, 1},
		{"next outside the table", 0x10000, 16, DRIVER_NEXT, SIZE},
		{"next far outside", 0x10000, 16, DRIVER_NEXT, UINT16_MAX},
		{"indirect and next", DRIVER_INDIRECT, 32, DRIVER_IS_TABLE | DRIVER_NEXT, 0},
		{"indirect table of odd length", DRIVER_INDIRECT, 33, DRIVER_IS_TABLE, 0},
		{"empty indirect table", DRIVER_INDIRECT, 0, DRIVER_IS_TABLE, 0},
		{"indirect table too long", 0, 0xfffffff0u, DRIVER_IS_TABLE, 0},
		{"indirect table outside RAM", DRIVER_RAM, 32, DRIVER_IS_TABLE, 0},
		{"indirect in indirect", DRIVER_INDIRECT + 64, 16, DRIVER_IS_TABLE, 0},
		{"loop in an indirect table", DRIVER_INDIRECT, 32, DRIVER_IS_TABLE, 0},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start();
		driver_describe(DRIVER_INDIRECT, 0, 0x10000, 4, DRIVER_NEXT, 1);
		driver_describe(DRIVER_INDIRECT, 1, 0x10000, 4, DRIVER_NEXT, 0);
		driver_describe(DRIVER_INDIRECT, 4, DRIVER_INDIRECT, 16, DRIVER_IS_TABLE, 0);
		driver_describe(DRIVER_DESCRIPTORS, 0, 0x10000, 4, DRIVER_NEXT, 1);
		driver_describe(DRIVER_DESCRIPTORS, 1, bad[i].address, bad[i].size, bad[i].flags,
				bad[i].next);
		driver_describe(DRIVER_DESCRIPTORS, 2, 0x10000, 4, 0, 0);
		driver_offer(&queue, 0);
		driver_offer(&queue, 2);
		if (virtqueue_pop(&queue, &vm.arch, &chain) || !queue.is_broken ||
		    virtqueue_pop(&queue, &vm.arch, &chain)) {
			tap_note("%s", bad[i].what);
			TAP_CHECK(false);
		}
	}
}

static void refuses_bad_rings(void)
{
	start();
	driver_offer(&queue, SIZE); /* no such descriptor */
	TAP_CHECK(!virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_CHECK(queue.is_broken);
	start();
	*driver_word(DRIVER_AVAILABLE + 2) = SIZE + 1; /* more than the ring has places */
	TAP_CHECK(!virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_CHECK(queue.is_broken);
	start(); /* writable before readable */
	driver_describe(DRIVER_DESCRIPTORS, 0, 0x10000, 4, DRIVER_NEXT | DRIVER_WRITE, 1);
	driver_describe(DRIVER_DESCRIPTORS, 1, 0x10000, 4, 0, 0);
	driver_offer(&queue, 0);
	TAP_CHECK(!virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_CHECK(queue.is_broken);
}

/* Segments may overlap, so their sum may exceed all RAM; it must not exceed 32 bits. */
static void refuses_lengths_that_overflow(void)
{
	for (uint16_t count = 3; count <= 4; count++) {
		start();
		vm.extents[0].size = UINT64_C(2) << 30; /* looked up, never touched */
		for (uint16_t i = 0; i < count; i++) {
			driver_describe(DRIVER_DESCRIPTORS, i, 0, 0x50000000u,
					i + 1 < count ? DRIVER_NEXT : 0, (uint16_t)(i + 1));
		}
		driver_offer(&queue, 0);
		TAP_EQUAL(virtqueue_pop(&queue, &vm.arch, &chain), count == 3);
		TAP_EQUAL(queue.is_broken, count == 4);
	}
}

static void refuses_more_segments_than_it_holds(void)
{
	for (uint16_t count = VIRTQUEUE_SEGMENT_MAX; count <= VIRTQUEUE_SEGMENT_MAX + 1; count++) {
		start();
		driver_describe(DRIVER_DESCRIPTORS, 0, DRIVER_INDIRECT, count * 16u,
				DRIVER_IS_TABLE, 0);
		for (uint16_t i = 0; i < count; i++) {
			driver_describe(DRIVER_INDIRECT, i, 0x20000, 1,
					i + 1u < count ? DRIVER_NEXT : 0, (uint16_t)(i + 1));
		}
		driver_offer(&queue, 0);
		TAP_EQUAL(virtqueue_pop(&queue, &vm.arch, &chain), count == VIRTQUEUE_SEGMENT_MAX);
		TAP_EQUAL(queue.is_broken, count > VIRTQUEUE_SEGMENT_MAX);
	}
}

static void is_enabled_only_when_sound(void)
{
	start();
	TAP_CHECK(virtqueue_is_sound(&queue, &vm.arch));
	for (uint32_t size = 0; size < 1024; size++) {
		queue.size = (uint16_t)size;
		TAP_EQUAL(virtqueue_is_sound(&queue, &vm.arch),
			  size != 0 && size <= VIRTQUEUE_SIZE_MAX && (size & (size - 1)) == 0);
	}
	queue.size = SIZE;
	queue.descriptors = DRIVER_DESCRIPTORS + 8;
	TAP_CHECK(!virtqueue_is_sound(&queue, &vm.arch));
	queue.descriptors = DRIVER_RAM - 16 * (SIZE - 1);
	TAP_CHECK(!virtqueue_is_sound(&queue, &vm.arch));
	queue.descriptors = DRIVER_RAM - 16 * SIZE;
	TAP_CHECK(virtqueue_is_sound(&queue, &vm.arch));
	queue.available = DRIVER_RAM - 4 - 2 * SIZE; /* no room for the event index */
	TAP_CHECK(!virtqueue_is_sound(&queue, &vm.arch));
	queue.available = DRIVER_AVAILABLE;
	queue.used = UINT64_MAX - 3;
	TAP_CHECK(!virtqueue_is_sound(&queue, &vm.arch));
}

static void keeps_interrupts_back(void)
{
	start();
	TAP_CHECK(!virtqueue_wants_interrupt(&queue, &vm.arch)); /* nothing was pushed */
	virtqueue_push(&queue, &vm.arch, 0, 0);
	TAP_CHECK(virtqueue_wants_interrupt(&queue, &vm.arch));
	TAP_CHECK(!virtqueue_wants_interrupt(&queue, &vm.arch)); /* told once */
	*driver_word(DRIVER_AVAILABLE) = 1;
	virtqueue_push(&queue, &vm.arch, 0, 0);
	TAP_CHECK(!virtqueue_wants_interrupt(&queue, &vm.arch));
	queue.has_event_index = true; /* the flag means nothing then */
	*driver_word(DRIVER_AVAILABLE + 4 + 2 * SIZE) = 3;
	virtqueue_push(&queue, &vm.arch, 0, 0);
	TAP_CHECK(!virtqueue_wants_interrupt(&queue, &vm.arch)); /* the third one is index 2 */
	virtqueue_push(&queue, &vm.arch, 0, 0);
	virtqueue_push(&queue, &vm.arch, 0, 0);
	TAP_CHECK(virtqueue_wants_interrupt(&queue, &vm.arch)); /* index 3 is among them */
}

static void asks_for_notifications_when_empty(void)
{
	start();
	driver_describe(DRIVER_DESCRIPTORS, 0, 0x10000, 4, 0, 0);
	queue.has_event_index = true;
	*driver_word(DRIVER_USED + 4 + 8 * SIZE) = 0x7777;
	driver_offer(&queue, 0);
	driver_offer(&queue, 0);
	TAP_CHECK(virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_CHECK(virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_EQUAL(*driver_word(DRIVER_USED + 4 + 8 * SIZE), 0x7777); /* not while there are some */
	TAP_CHECK(!virtqueue_pop(&queue, &vm.arch, &chain));
	TAP_EQUAL(*driver_word(DRIVER_USED + 4 + 8 * SIZE), 2);
	TAP_EQUAL(*driver_word(DRIVER_USED), 0);
}

static const struct tap_case cases[] = {
	{"takes requests in order", takes_requests_in_order},
	{"indices wrap", indices_wrap},
	{"follows an indirect table", follows_an_indirect_table},
	{"refuses bad chains", refuses_bad_chains},
	{"refuses bad rings", refuses_bad_rings},
	{"refuses lengths that overflow", refuses_lengths_that_overflow},
	{"refuses more segments than it holds", refuses_more_segments_than_it_holds},
	{"is enabled only when sound", is_enabled_only_when_sound},
	{"keeps interrupts back", keeps_interrupts_back},
	{"asks for notifications when empty", asks_for_notifications_when_empty},
};

TAP_MAIN(cases)
