/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio disk: what is read, written and refused. */
/* Links: boot/guest_pci.c @models */
#include "host/block_bench.h"

static void describes_itself(void)
{
	insert();
	TAP_EQUAL(config(BLOCK, 0x00, 4), 0x10421af4);
	TAP_EQUAL(config(BLOCK, 0x08, 4), 0x01800001);
	TAP_EQUAL(get(0x12, 2), 1);
	set(0x00, 4, 0);
	TAP_EQUAL(get(0x04, 4), 1u << 1 | 1u << 2 | 1u << 9 | 1u << 28 | 1u << 29);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG, 4), SECTORS);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 4, 4), 0);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 8, 4), PLATFORM_BLOCK_SEGMENT_SIZE);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 12, 4), PLATFORM_BLOCK_SEGMENTS);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 16, 4), 0);
	set(PLATFORM_VIRTIO_CONFIG, 4, 1);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG, 4), SECTORS);
}

static void reads(void)
{
	/* In one frame, over a frame's end, at the disk's end. */
	static const uint32_t runs[][2] = {{0, 1}, {3, 8}, {20, 9}, {23, 1}, {24, 1}, {3071, 1}};

	insert();
	for (uint32_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		uint32_t size = runs[i][1] * SECTOR;
		struct segment segments[] = {
			{HEADER, 16, false}, {DATA, size, true}, {STATUS, 1, true}};

		memset(driver_memory(DATA), 0x11, size + 1);
		put_header(IN, runs[i][0]);
		TAP_EQUAL(request(segments, 3), size + 1);
		TAP_EQUAL(*driver_memory(STATUS), OK);
		TAP_EQUAL(memcmp(driver_memory(DATA), disk(runs[i][0] * SECTOR), size), 0);
		TAP_EQUAL(driver_memory(DATA)[size], 0x11);
	}
	TAP_EQUAL(bench.interrupted[VECTOR], 2);
	TAP_EQUAL(bench.interrupt_count, 6);
}

static void writes(void)
{
	static uint8_t wanted[4 * SECTOR];
	struct segment segments[] = {
		{HEADER, 16, false}, {DATA, sizeof(wanted), false}, {STATUS, 1, true}};

	insert();
	for (uint32_t i = 0; i < sizeof(wanted); i++) {
		wanted[i] = (uint8_t)(i * 13 + 5);
	}
	memcpy(driver_memory(DATA), wanted, sizeof(wanted));
	put_header(OUT, 22);
	TAP_EQUAL(request(segments, 3), 1);
	TAP_EQUAL(*driver_memory(STATUS), OK);
	TAP_EQUAL(memcmp(disk(22 * SECTOR), wanted, sizeof(wanted)), 0);
	TAP_EQUAL(*disk(22 * SECTOR - 1), (uint8_t)(21 * 7 + 22 * SECTOR - 1));
	TAP_EQUAL(*disk(26 * SECTOR), (uint8_t)(26 * 7));
	TAP_EQUAL(ask(OUT, SECTORS - 4, sizeof(wanted)), OK);
	TAP_EQUAL(memcmp(disk((SECTORS - 4) * SECTOR), wanted, sizeof(wanted)), 0);
	TAP_EQUAL(*disk(SECTORS * SECTOR), 0xa5); /* as fake_memory_init() leaves it */
	TAP_EQUAL(disk(0)[-1], 0xa5);
}

static uint32_t windows_for(uint64_t sector)
{
	fake_memory.window_map_count = 0;
	TAP_EQUAL(ask(IN, sector, 8 * SECTOR), OK);
	return fake_memory.window_map_count;
}

/* A window ends with its frame: another one there, and so another piece. */
static void frames_end(void)
{
	insert();
	TAP_EQUAL(windows_for(20), windows_for(3) + 2);
	TAP_EQUAL(windows_for(16), windows_for(3));
	TAP_EQUAL(windows_for(24), windows_for(3));
}

/* "Message Framing": how a request is cut into segments says nothing. */
static void framing_is_free(void)
{
	struct segment out[] = {{HEADER, 5, false},       {HEADER + 5, 11, false},
				{DATA, 100, false},       {DATA + 100, 1, false},
				{DATA + 101, 411, false}, {STATUS, 1, true}};
	struct segment in[] = {{HEADER, 16, false}, {DATA, 300, true}, {DATA + 600, 213, true}};
	struct segment joined[] = {{HEADER, 16 + SECTOR, false}, {STATUS, 1, true}};

	insert();
	memset(driver_memory(DATA), 0x33, SECTOR);
	put_header(OUT, 5);
	TAP_EQUAL(request(out, 6), 1);
	TAP_EQUAL(*driver_memory(STATUS), OK);
	TAP_EQUAL(*disk(5 * SECTOR), 0x33);
	TAP_EQUAL(*disk(6 * SECTOR - 1), 0x33);
	TAP_EQUAL(*disk(6 * SECTOR), (uint8_t)(6 * 7));
	put_header(IN, 6);
	driver_memory(DATA)[600 + 212] = UNTOUCHED;
	TAP_EQUAL(request(in, 3), 513);
	TAP_EQUAL(memcmp(driver_memory(DATA), disk(6 * SECTOR), 300), 0);
	TAP_EQUAL(memcmp(driver_memory(DATA + 600), disk(6 * SECTOR + 300), 212), 0);
	TAP_EQUAL(driver_memory(DATA)[600 + 212], OK); /* the last byte, wherever it lies */
	TAP_EQUAL(driver_memory(DATA)[300], 0x33);
	memset(driver_memory(HEADER + 16), 0x44, SECTOR);
	put_header(OUT, 7);
	joined[1].address = DATA; /* HEADER + 16 + SECTOR lies over STATUS */
	TAP_EQUAL(request(joined, 2), 1);
	TAP_EQUAL(*driver_memory(DATA), OK);
	TAP_EQUAL(*disk(8 * SECTOR - 1), 0x44);
}

static void bad_places_are_refused(void)
{
	static const struct {
		uint64_t sector;
		uint32_t size;
	} bad[] = {
		{SECTORS, SECTOR},
		{SECTORS - 1, 2 * SECTOR},
		{SECTORS + 1, 0},
		{UINT64_MAX, SECTOR},
		{UINT64_MAX, 2 * SECTOR},    /* sector + count wraps to 1 */
		{UINT64_C(1) << 55, SECTOR}, /* in bytes: wraps to 0 */
		{(UINT64_C(1) << 55) + 3, SECTOR},
		{0, 1},
		{0, 511},
		{0, 513},
		{1, 3 * SECTOR - 1},
	};
	static uint8_t before[SECTORS * SECTOR];

	insert();
	memcpy(before, disk(0), sizeof(before));
	memset(driver_memory(DATA), 0x22, 4 * SECTOR);
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct segment in[] = {
			{HEADER, 16, false}, {DATA, bad[i].size, true}, {STATUS, 1, true}};

		TAP_EQUAL(ask(OUT, bad[i].sector, bad[i].size), IO_ERROR);
		put_header(IN, bad[i].sector);
		TAP_EQUAL(request(in, 3), bad[i].size == 0); /* no gap before the status */
		TAP_EQUAL(*driver_memory(STATUS), IO_ERROR);
	}
	TAP_EQUAL(memcmp(before, disk(0), sizeof(before)), 0);
	for (uint32_t i = 0; i < 4 * SECTOR; i++) {
		TAP_EQUAL(driver_memory(DATA)[i], 0x22);
	}
	TAP_EQUAL(ask(IN, SECTORS, 0), OK);
	TAP_EQUAL(ask(IN, 0, SECTOR), OK); /* and nothing of it hurt the device */
	TAP_EQUAL(get(0x14, 1), 15);
}

static void other_types(void)
{
	static const uint32_t unknown[] = {2, 3, 5, 7, 9, 11, 13, 14, 0x80000000u, UINT32_MAX};
	struct segment id[] = {{HEADER, 16, false}, {DATA, 20, true}, {STATUS, 1, true}};

	insert();
	for (uint32_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		TAP_EQUAL(ask(unknown[i], 0, SECTOR), UNSUPPORTED);
	}
	TAP_EQUAL(ask(FLUSH, 0, 0), OK);
	TAP_EQUAL(ask(FLUSH, UINT64_MAX, 0), OK);
	memset(driver_memory(DATA), 0x11, 64);
	put_header(GET_ID, 0);
	TAP_EQUAL(request(id, 3), 21);
	TAP_EQUAL(*driver_memory(STATUS), OK);
	TAP_EQUAL(memcmp(driver_memory(DATA), "bulkhead-disk0\0\0\0\0\0\0\x11", 21), 0);
	id[1].size = 40; /* more room than it needs */
	put_header(GET_ID, 0);
	TAP_EQUAL(request(id, 3), 20);
	TAP_EQUAL(*driver_memory(STATUS), OK);
	id[1].size = 4; /* and less */
	memset(driver_memory(DATA), 0x11, 64);
	put_header(GET_ID, 0);
	TAP_EQUAL(request(id, 3), 5);
	TAP_EQUAL(*driver_memory(STATUS), OK);
	TAP_EQUAL(memcmp(driver_memory(DATA), "bulk\x11", 5), 0);
}

static void short_requests_come_back(void)
{
	struct segment no_status[] = {{HEADER, 16, false}, {DATA, SECTOR, false}};
	struct segment no_header[] = {{HEADER, 15, false}, {DATA, SECTOR, true}, {STATUS, 1, true}};
	struct segment only_status[] = {{STATUS, 1, true}};

	insert();
	memset(driver_memory(DATA), 0x11, SECTOR);
	put_header(OUT, 0);
	TAP_EQUAL(request(no_status, 2), 0);
	TAP_EQUAL(*disk(0), 0);
	TAP_EQUAL(*disk(1), 1);
	put_header(IN, 0);
	TAP_EQUAL(request(no_status, 2), 0);
	TAP_EQUAL(request(no_status, 1), 0);
	TAP_EQUAL(request(no_header, 3), 0);
	TAP_EQUAL(request(only_status, 1), 0);
	TAP_EQUAL(*driver_memory(STATUS), UNTOUCHED);
	TAP_EQUAL(*driver_memory(DATA), 0x11);
	TAP_EQUAL(ask(IN, 0, SECTOR), OK);
	TAP_EQUAL(get(0x14, 1), 15);
}

/* Header, `count` segments of `size` at one place, status. */
static uint8_t ask_in_segments(uint32_t type, uint16_t count, uint32_t size, uint32_t more)
{
	struct segment segments[40] = {{HEADER, 16, false}};

	for (uint16_t i = 1; i <= count; i++) {
		segments[i] = (struct segment){DATA, size, type == IN};
	}
	segments[count].size += more;
	segments[count + 1] = (struct segment){STATUS, 1, true};
	put_header(type, 0);
	(void)request(segments, (uint16_t)(count + 2));
	return *driver_memory(STATUS);
}

static void long_requests_are_refused(void)
{
	insert();
	TAP_EQUAL(ask_in_segments(IN, PLATFORM_BLOCK_SEGMENTS, PLATFORM_BLOCK_SEGMENT_SIZE, 0), OK);
	TAP_EQUAL(ask_in_segments(IN, PLATFORM_BLOCK_SEGMENTS, PLATFORM_BLOCK_SEGMENT_SIZE, SECTOR),
		  IO_ERROR);
	TAP_EQUAL(ask_in_segments(OUT, 1, LONGEST, 0), OK); /* one that was not told of it */
	TAP_EQUAL(ask_in_segments(OUT, 1, LONGEST, SECTOR), IO_ERROR);
	fake_memory.window_map_count = 0;
	TAP_EQUAL(ask_in_segments(IN, 38, (uint32_t)(DRIVER_RAM - DATA), 0), IO_ERROR);
	TAP_CHECK(fake_memory.window_map_count < 64); /* rings, descriptors, header, status */
}

/* One exit takes LONGEST bytes and a little; the guest then comes once more by itself. */
static void floods_are_taken_in_pieces(void)
{
	struct segment half[] = {{HEADER, 16, false}, {DATA, LONGEST / 2, true}, {STATUS, 1, true}};

	insert();
	put_header(IN, 0);
	for (uint16_t i = 0; i < 3; i++) {
		offer((uint16_t)(3 * i), half, 3);
	}
	set(PLATFORM_VIRTIO_NOTIFY, 2, 0);
	TAP_EQUAL(used_count(), 2);
	TAP_CHECK(bench.vcpus[0].is_again);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 0);
	TAP_EQUAL(used_count(), 3);
	TAP_CHECK(!bench.vcpus[0].is_again);
}

/* A request whose readable and writable bytes add up to 2^32 is not taken for one of none. */
static void lengths_do_not_wrap(void)
{
	struct segment all[] = {{HEADER, 16, false},
				{DATA, LONGEST, false},
				{UINT64_C(1) << 32, 0x80000000u, true},
				{UINT64_C(1) << 32, 0x80000000u - 16 - LONGEST - 1, true},
				{STATUS, 1, true}};

	insert();
	bench.vm.extents[1] = (struct vm_extent){gpa_from_u64(UINT64_C(1) << 32),
						 hpa_from_u64(UINT64_C(1) << 40), /* not there */
						 UINT64_C(1) << 31};
	bench.vm.extent_count = 2;
	put_header(OUT, 0);
	offer(0, all, 5);
	offer(5, all, 5);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 0);
	TAP_EQUAL(*driver_memory(STATUS), OK);
	TAP_EQUAL(used_count(), 1);
	TAP_CHECK(bench.vcpus[0].is_again);
}

static void content_outlives_resets(void)
{
	insert();
	memset(driver_memory(DATA), 0x77, SECTOR);
	TAP_EQUAL(ask(OUT, 9, SECTOR), OK);
	set(0x14, 1, 0);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG, 4), SECTORS);
	virtio_reset(&bench.vm); /* as at a restart of the partition */
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG, 4), SECTORS);
	memset(driver_memory(DATA), 0, SECTOR);
	drive();
	TAP_EQUAL(ask(IN, 9, SECTOR), OK);
	TAP_EQUAL(*driver_memory(DATA), 0x77);
}

static const struct tap_case cases[] = {
	{"describes itself", describes_itself},
	{"reads", reads},
	{"writes", writes},
	{"frames end", frames_end},
	{"framing is free", framing_is_free},
	{"bad places are refused", bad_places_are_refused},
	{"other types", other_types},
	{"short requests come back", short_requests_come_back},
	{"long requests are refused", long_requests_are_refused},
	{"floods are taken in pieces", floods_are_taken_in_pieces},
	{"lengths do not wrap", lengths_do_not_wrap},
	{"content outlives resets", content_outlives_resets},
};

TAP_MAIN(cases)
