/* SPDX-License-Identifier: Apache-2.0 */
/* The served disk: requests that a server takes and ends, and everything that it can do wrong. */
/* Links: boot/guest_pci.c @models */
#include "host/served_bench.h"

static void requests_wait_for_a_server(void)
{
	insert_served();
	TAP_EQUAL(take(0, 0)->token, 0);
	TAP_EQUAL(take(0, 0)->sectors, SECTORS);
	TAP_EQUAL(bench.disk_kick_count, 0);
	put(0, IN, 5, SECTOR);
	put(3, FLUSH, 0, 0);
	TAP_EQUAL(bench.disk_kick_count, 2);
	TAP_EQUAL(used_count(), 0);
	TAP_CHECK(!bench.vcpus[0].is_again);
	TAP_EQUAL(*driver_memory(STATUS), UNTOUCHED);
}

static void reads(void)
{
	struct manage_disk_request is;

	insert_served();
	put(0, IN, 5, 3 * SECTOR);
	is = *take(0, 0);
	TAP_CHECK(is.token != 0);
	TAP_TEXT(is.name, "alpha");
	TAP_EQUAL(is.type, MANAGE_DISK_READ);
	TAP_EQUAL(is.sector, 5);
	TAP_EQUAL(is.size, 3 * SECTOR);
	TAP_EQUAL(command.data_used, sizeof(is));
	memset(driver_memory(DATA), 0x11, 3 * SECTOR + 1);
	memset(done_bytes(), 0x66, 2 * SECTOR + 9);
	TAP_EQUAL(done(is.token, MANAGE_DISK_MORE, SECTOR - 9, 2 * SECTOR + 9), MANAGE_OK);
	TAP_EQUAL(used_count(), 0);
	TAP_EQUAL(driver_memory(DATA)[SECTOR - 10], 0x11);
	TAP_EQUAL(driver_memory(DATA)[SECTOR - 9], 0x66);
	TAP_EQUAL(driver_memory(DATA)[3 * SECTOR - 1], 0x66);
	TAP_EQUAL(driver_memory(DATA)[3 * SECTOR], 0x11);
	memset(done_bytes(), 0x77, SECTOR - 9);
	TAP_EQUAL(done(is.token, MANAGE_DISK_OK, 0, SECTOR - 9), MANAGE_OK);
	TAP_EQUAL(driver_memory(DATA)[0], 0x77);
	TAP_EQUAL(driver_memory(DATA)[SECTOR - 10], 0x77);
	TAP_EQUAL(driver_memory(DATA)[SECTOR - 9], 0x66);
	TAP_EQUAL(*driver_memory(STATUS), OK);
	TAP_EQUAL(used_count(), 1);
	TAP_EQUAL(used_length(0), 3 * SECTOR + 1);
	TAP_EQUAL(bench.interrupt_count, 1);
	TAP_EQUAL(take(0, 0)->token, 0);
}

static void writes(void)
{
	uint64_t token;

	insert_served();
	for (uint32_t i = 0; i < 2 * SECTOR; i++) {
		driver_memory(DATA)[i] = (uint8_t)(i * 13 + i / 256);
	}
	put(0, OUT, 7, 2 * SECTOR);
	token = take(0, 100)->token;
	TAP_EQUAL(command.data_used, sizeof(struct manage_disk_request) + 100);
	TAP_EQUAL(memcmp(taken_bytes(), driver_memory(DATA), 100), 0);
	TAP_EQUAL(take(100, 5000)->token, token);
	TAP_EQUAL(command.data_used, sizeof(struct manage_disk_request) + 2 * SECTOR - 100);
	TAP_EQUAL(memcmp(taken_bytes(), driver_memory(DATA + 100), 2 * SECTOR - 100), 0);
	TAP_EQUAL(take(2 * SECTOR, 5000)->type, MANAGE_DISK_WRITE);
	TAP_EQUAL(command.data_used, sizeof(struct manage_disk_request));
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, 0), MANAGE_OK);
	TAP_EQUAL(*driver_memory(STATUS), OK);
	TAP_EQUAL(used_length(0), 1);
}

/* By as many commands as it needs, none of which copies more than a piece. */
static void long_writes_come_in_pieces(void)
{
	struct segment segments[40] = {{HEADER, 16, false}};
	uint32_t size = 0;

	insert_served();
	for (uint16_t i = 1; i <= 38; i++) {
		segments[i] = (struct segment){DATA + i, PLATFORM_BLOCK_SEGMENT_SIZE, false};
	}
	segments[39] = (struct segment){STATUS, 1, true};
	put_header(OUT, 0);
	offer(0, segments, 40);
	TAP_EQUAL(take(0, MANAGE_DISK_PIECE + 1)->size, LONGEST);
	while (size < LONGEST) {
		uint32_t part;

		(void)take(size, MANAGE_DISK_PIECE + 1);
		part = command.data_used - (uint32_t)sizeof(struct manage_disk_request);
		TAP_CHECK(part > 0 && part <= MANAGE_DISK_PIECE);
		size += part == 0 ? LONGEST : part;
	}
	TAP_EQUAL(size, LONGEST);
}

static void flush_and_errors(void)
{
	insert_served();
	put(0, FLUSH, 0, 0);
	put(3, IN, 0, SECTOR);
	TAP_EQUAL(take(0, 0)->type, MANAGE_DISK_FLUSH);
	TAP_EQUAL(done(take(0, 0)->token, MANAGE_DISK_ERROR, 0, 0), MANAGE_OK);
	TAP_EQUAL(*driver_memory(STATUS), IO_ERROR);
	TAP_EQUAL(done(take(0, 0)->token, MANAGE_DISK_ERROR, 0, 0), MANAGE_OK);
	TAP_EQUAL(*driver_memory(STATUS + 3), IO_ERROR);
	TAP_EQUAL(used_length(1), 0);
	TAP_EQUAL(used_count(), 2);
}

/* What is malformed, out of place or no business of a disk's never reaches the server. */
static void bad_requests_never_reach_the_server(void)
{
	struct segment no_status[] = {{HEADER, 16, false}, {DATA, SECTOR, false}};

	insert_served();
	put(0, IN, SECTORS, SECTOR);
	put(3, OUT, 0, SECTOR - 1);
	put(6, 13, 0, SECTOR);
	put(9, GET_ID, 0, 20);
	offer(12, no_status, 2);
	put(15, FLUSH, 0, 0);
	TAP_EQUAL(take(0, 0)->type, MANAGE_DISK_FLUSH);
	TAP_EQUAL(used_count(), 5);
	TAP_EQUAL(*driver_memory(STATUS), IO_ERROR);
	TAP_EQUAL(*driver_memory(STATUS + 3), IO_ERROR);
	TAP_EQUAL(*driver_memory(STATUS + 6), UNSUPPORTED);
	TAP_EQUAL(*driver_memory(STATUS + 9), OK);
	TAP_EQUAL(memcmp(driver_memory(DATA + 9 * 0x10000), "bulkhead-disk0", 15), 0);
	TAP_EQUAL(used_length(4), 0);
	TAP_EQUAL(get(0x14, 1), 15);
}

static void floods_are_taken_in_pieces(void)
{
	struct segment id[] = {{HEADER, 16, false}, {DATA, 20, true}, {STATUS, 1, true}};
	uint32_t kicks;

	insert_served();
	put_header(GET_ID, 0);
	offer(0, id, 3);
	for (uint16_t i = 1; i < 20; i++) {
		driver_offer(&rings, 0);
	}
	put(3, FLUSH, 0, 0);
	kicks = bench.disk_kick_count;
	TAP_EQUAL(take(0, 0)->token, 0);
	TAP_EQUAL(used_count(), 16);
	TAP_EQUAL(bench.disk_kick_count, kicks + 1); /* there is more: come again */
	TAP_EQUAL(take(0, 0)->type, MANAGE_DISK_FLUSH);
	TAP_EQUAL(bench.disk_kick_count, kicks + 1);
}

static void a_bad_chain_stops_the_device(void)
{
	struct segment outside[] = {
		{HEADER, 16, false}, {DRIVER_RAM, SECTOR, true}, {STATUS, 1, true}};

	insert_served();
	put_header(IN, 0);
	offer(0, outside, 3);
	put(3, IN, 0, SECTOR);
	TAP_EQUAL(take(0, 0)->token, 0);
	TAP_EQUAL(get(0x14, 1), 15 | 64);
	TAP_EQUAL(take(0, 0)->token, 0);
	drive();
	put(0, IN, 0, SECTOR);
	TAP_CHECK(take(0, 0)->token != 0);
}

/* The driver changes a request after it was taken: what was checked stays what is done. */
static void taken_requests_are_a_copy(void)
{
	struct manage_disk_request is;

	insert_served();
	put(0, IN, 5, SECTOR);
	is = *take(0, 0);
	put_header(OUT, SECTORS + 5);
	driver_describe(rings.descriptors, 1, DATA + 0x5000, 8 * SECTOR, DRIVER_NEXT | DRIVER_WRITE,
			2);
	TAP_EQUAL(take(0, 64)->type, MANAGE_DISK_READ);
	TAP_EQUAL(take(0, 64)->sector, 5);
	TAP_EQUAL(take(0, 64)->size, SECTOR);
	memset(done_bytes(), 0x66, SECTOR);
	TAP_EQUAL(done(is.token, MANAGE_DISK_OK, 0, SECTOR), MANAGE_OK);
	TAP_EQUAL(*driver_memory(DATA), 0x66);
	TAP_EQUAL(*driver_memory(DATA + 0x5000), 0);
}

/* Another server, or the same one started again. */
static void requests_are_taken_again(void)
{
	uint64_t token;

	insert_served();
	put(0, OUT, 5, SECTOR);
	put(3, FLUSH, 0, 0);
	token = take(0, SECTOR)->token;
	TAP_EQUAL(take(0, SECTOR)->token, token);
	TAP_EQUAL(take(0, SECTOR)->sector, 5);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, 0), MANAGE_OK);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, 0), MANAGE_BUSY); /* the first one, late */
	TAP_EQUAL(used_count(), 1);
	TAP_EQUAL(take(0, 0)->type, MANAGE_DISK_FLUSH);
	TAP_CHECK(take(0, 0)->token != token);
}

static void late_tokens_hurt_nobody(void)
{
	uint64_t token;

	insert_served();
	put(0, IN, 5, SECTOR);
	token = take(0, 0)->token;
	drive(); /* the driver resets its device */
	memset(driver_memory(DATA), 0x11, SECTOR);
	memset(done_bytes(), 0x66, SECTOR);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, SECTOR), MANAGE_BUSY);
	TAP_EQUAL(*driver_memory(DATA), 0x11);
	TAP_EQUAL(used_count(), 0);
	put(0, IN, 6, SECTOR);
	TAP_EQUAL(done(token, MANAGE_DISK_MORE, 0, SECTOR), MANAGE_BUSY);
	TAP_EQUAL(*driver_memory(DATA), 0x11);
	token = take(0, 0)->token;
	memset(bench.vm.device_state[MODEL_VIRTIO], 0, device_models[MODEL_VIRTIO].state_size);
	virtio_reset(&bench.vm); /* the partition starts again */
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, SECTOR), MANAGE_BUSY);
	TAP_EQUAL(*driver_memory(DATA), 0x11);
	drive();
	put(0, IN, 7, SECTOR);
	TAP_CHECK(take(0, 0)->token != token && take(0, 0)->token != 0);
	TAP_EQUAL(take(0, 0)->sector, 7);
}

static void only_of_a_partition_that_runs(void)
{
	uint64_t token;

	insert_served();
	put(0, OUT, 5, SECTOR);
	token = take(0, 0)->token;
	atomic_store(&bench.vm.state, VM_STOPPING);
	TAP_EQUAL(take(0, SECTOR)->token, 0);
	TAP_EQUAL(take(0, SECTOR)->size, 0);
	TAP_EQUAL(take(0, SECTOR)->sectors, SECTORS); /* that is told at any time */
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, 0), MANAGE_BUSY);
	TAP_EQUAL(done(0, MANAGE_DISK_OK, 0, 0), MANAGE_BUSY);
	TAP_EQUAL(used_count(), 0);
}

static void disks_in_ram_are_not_served(void)
{
	insert_served();
	bench.vm.config.devices = CONFIG_DEVICE_BLOCK0;
	TAP_EQUAL(serve(MANAGE_DISK_TAKE, 0, 4096), MANAGE_DENIED);
	TAP_EQUAL(serve(MANAGE_DISK_DONE, 0, 4096), MANAGE_DENIED);
}

static void wrong_arguments_are_refused(void)
{
	const uint32_t header = (uint32_t)sizeof(struct manage_disk_done);
	uint64_t token;

	insert_served();
	TAP_EQUAL(serve(MANAGE_DISK_TAKE, 0, sizeof(struct manage_disk_request) - 1),
		  MANAGE_INVALID);
	TAP_EQUAL(serve(MANAGE_DISK_TAKE, 0, 0), MANAGE_INVALID);
	TAP_EQUAL(serve(MANAGE_DISK_TAKE, 1, 4096), MANAGE_INVALID); /* of no request */
	TAP_EQUAL(done(0, MANAGE_DISK_OK, 0, 0), MANAGE_BUSY);
	put(0, IN, 5, SECTOR);
	token = take(0, 0)->token;
	memset(driver_memory(DATA), 0x11, 2 * SECTOR);
	TAP_EQUAL(serve(MANAGE_DISK_TAKE, SECTOR + 1, 4096), MANAGE_INVALID);
	TAP_EQUAL(serve(MANAGE_DISK_TAKE, UINT64_MAX, 4096), MANAGE_INVALID);
	TAP_EQUAL(serve(MANAGE_DISK_TAKE, UINT64_C(1) << 32, 4096), MANAGE_INVALID);
	TAP_EQUAL(done(token, 3, 0, 0), MANAGE_INVALID);
	TAP_EQUAL(done(token, UINT32_MAX, 0, 0), MANAGE_INVALID);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, SECTOR + 1), MANAGE_INVALID);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 1, SECTOR), MANAGE_INVALID);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, SECTOR + 1, 1), MANAGE_INVALID);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, UINT32_MAX, 2), MANAGE_INVALID);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, MANAGE_DISK_PIECE + 1), MANAGE_INVALID);
	TAP_EQUAL(done(token + 1, MANAGE_DISK_OK, 0, SECTOR), MANAGE_BUSY);
	(void)done(token, MANAGE_DISK_OK, 0, 0x20000); /* the structure in the window is whole */
	TAP_EQUAL(serve(MANAGE_DISK_DONE, 0, header - 1), MANAGE_INVALID);
	TAP_EQUAL(serve(MANAGE_DISK_DONE, 0, 0), MANAGE_INVALID);
	TAP_EQUAL(*driver_memory(DATA), 0x11);
	TAP_EQUAL(used_count(), 0);
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, SECTOR), MANAGE_OK);
	put(3, OUT, 5, SECTOR);
	token = take(0, 0)->token;
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, 1), MANAGE_INVALID); /* a write has none */
	TAP_EQUAL(done(token, MANAGE_DISK_OK, 0, 0), MANAGE_OK);
	TAP_EQUAL(used_count(), 2);
}

static const struct tap_case cases[] = {
	{"requests wait for a server", requests_wait_for_a_server},
	{"reads", reads},
	{"writes", writes},
	{"long writes come in pieces", long_writes_come_in_pieces},
	{"flush and errors", flush_and_errors},
	{"bad requests never reach the server", bad_requests_never_reach_the_server},
	{"floods are taken in pieces", floods_are_taken_in_pieces},
	{"a bad chain stops the device", a_bad_chain_stops_the_device},
	{"taken requests are a copy", taken_requests_are_a_copy},
	{"requests are taken again", requests_are_taken_again},
	{"late tokens hurt nobody", late_tokens_hurt_nobody},
	{"only of a partition that runs", only_of_a_partition_that_runs},
	{"disks in RAM are not served", disks_in_ram_are_not_served},
	{"wrong arguments are refused", wrong_arguments_are_refused},
};

TAP_MAIN(cases)
