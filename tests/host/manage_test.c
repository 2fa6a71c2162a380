/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the management partition: partitions made, filled, run, watched and unmade. */
/* Links: tests/host/manage_bench.c hv/manage.c hv/manage_event.c hv/manage_create.c hv/vm_create.c hv/vm_life.c hv/vm_load.c hv/vcpu.c hv/trace.c hv/cpus.c hv/exit.c hv/hypercall.c hv/io_bus.c hv/console.c hv/stage2.c hv/owner.c hv/page_alloc.c hv/guest_mem.c hv/lib/fmt.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_io.c arch/fake/fake_pte.c */
#include "host/manage_bench.h"

#include "log.h"

static void a_life(void)
{
	uint8_t *ram;
	uint32_t id;
	struct vm *vm;

	start();
	TAP_EQUAL(info()->memory_free, FREE);
	TAP_EQUAL(info()->cpus_free, 6); /* 0 is the manager's, 3 is dead */
	id = made();
	TAP_EQUAL(last_event(), event_of(MANAGE_EVENT_CREATED, id));
	vm = vm_get(id);
	ram = fake_memory_at(vm->extents[0].host);
	TAP_EQUAL(ram[0], 0); /* was 0xa5 */
	TAP_EQUAL(ram[4 * MIB - 1], 0);
	TAP_EQUAL(info()->memory_free, FREE - 4 * MIB);
	TAP_EQUAL(info()->cpus_free, 4);
	TAP_EQUAL(look(id)->is_created, 1);
	TAP_CHECK(look(id)->pool_pages >= 4 && look(id)->pool_pages <= 16);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_BUSY); /* nothing is loaded */
	memset(data(), 0x5c, 3000);
	TAP_EQUAL(order(MANAGE_LOAD, id, 0x1000, 3000), MANAGE_OK);
	TAP_EQUAL(ram[0xfff], 0);
	TAP_EQUAL(ram[0x1000], 0x5c);
	TAP_EQUAL(ram[0x1000 + 2999], 0x5c);
	TAP_EQUAL(ram[0x1000 + 3000], 0);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_OK);
	TAP_EQUAL(last_event(), event_of(MANAGE_EVENT_STARTED, id));
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_BUSY);
	TAP_EQUAL(order(MANAGE_LOAD, id, 0x1000, 3000), MANAGE_BUSY);
	TAP_EQUAL(order(MANAGE_DESTROY, id, 0, 0), MANAGE_BUSY);
	turn(1, power_off, 1);
	TAP_EQUAL(ram[0x1000], 0); /* nothing of it is left */
	TAP_EQUAL(look(id)->state, MANAGE_STOPPED);
	TAP_EQUAL(look(id)->cause, MANAGE_CAUSE_POWER_OFF);
	TAP_EQUAL(look(id)->exit_code, 9);
	TAP_EQUAL(look(id)->start_count, 1);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_BUSY); /* to be loaded again */
	TAP_EQUAL(order(MANAGE_DESTROY, id, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_DESTROY, id, 0, 0), MANAGE_BUSY);
	turn(1, NULL, 0);
	TAP_EQUAL(last_event(), event_of(MANAGE_EVENT_DESTROYED, id));
	TAP_CHECK(cpus_get(1)->vcpu == NULL);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_NO_PARTITION);
	TAP_EQUAL(info()->memory_free, FREE);
	TAP_EQUAL(info()->cpus_free, 6);
}

static void a_thousand_lives(void)
{
	struct manage_create request = wanted("round", 6, 4 * MIB);
	uint64_t used = 0;

	start();
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t id;

		TAP_EQUAL(create(&request), MANAGE_OK);
		id = (uint32_t)slot()->result;
		TAP_EQUAL(id, 1);
		turn(1, NULL, 0);
		TAP_EQUAL(order(MANAGE_LOAD, id, 0, 8), MANAGE_OK);
		TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_OK);
		turn(1, power_off, 1);
		turn(2, NULL, 0);
		TAP_EQUAL(order(MANAGE_DESTROY, id, 0, 0), MANAGE_OK);
		turn(1, NULL, 0);
		TAP_CHECK(vm_get(id) != NULL); /* CPU 2 still knows it */
		turn(2, NULL, 0);
		TAP_CHECK(vm_get(id) == NULL);
		used = i == 0 ? info()->pool_used : used;
	}
	TAP_EQUAL(info()->pool_used, used);
	TAP_EQUAL(info()->memory_free, FREE);
}

/* The manager ends while another is being zeroed, or is going: that one's end is the run's. */
static void a_test_run_ends_behind_the_last(void)
{
	struct manage_create request = wanted("alpha", 2, 4 * MIB);
	uint32_t id;

	start();
	TAP_EQUAL(create(&request), MANAGE_OK);
	turn(0, power_off, 1);
	TAP_EQUAL(manage_bench.power_off_count, 0);
	turn(1, NULL, 0);
	TAP_EQUAL(manage_bench.power_off_count, 1);
	start();
	id = made();
	TAP_EQUAL(order(MANAGE_DESTROY, id, 0, 0), MANAGE_OK);
	turn(0, power_off, 1);
	TAP_EQUAL(manage_bench.power_off_count, 0);
	turn(1, NULL, 0);
	TAP_EQUAL(manage_bench.power_off_count, 1);
}

/* What another of this id wrote by does not tell where to type. */
static void a_start_types_to_the_uart(void)
{
	uint32_t id;

	start();
	id = made();
	vm_get(id)->is_console_virtio = true;
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, 8), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_OK);
	memcpy(data(), "abc", 3);
	TAP_EQUAL(order(MANAGE_CONSOLE_WRITE, id, 0, 3), MANAGE_OK);
	TAP_EQUAL(manage_bench.typed_count, 3);
}

static void pause_and_stop(void)
{
	uint32_t id;
	uint32_t runs;

	start();
	id = made();
	TAP_EQUAL(order(MANAGE_PAUSE, id, 0, 0), MANAGE_BUSY);
	TAP_EQUAL(order(MANAGE_STOP, id, 0, 0), MANAGE_BUSY);
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, 8), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_RESUME, id, 0, 0), MANAGE_BUSY);
	TAP_EQUAL(order(MANAGE_PAUSE, id, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_PAUSE, id, 0, 0), MANAGE_BUSY);
	TAP_EQUAL(look(id)->state, MANAGE_PAUSED);
	turn(1, power_off, 1); /* it is entered no more */
	runs = fake_vcpu_of(&vm_get(id)->vcpus[0]->arch)->run_count;
	TAP_EQUAL(runs, 0);
	TAP_EQUAL(order(MANAGE_RESUME, id, 0, 0), MANAGE_OK);
	TAP_EQUAL(look(id)->state, MANAGE_RUNNING);
	TAP_EQUAL(order(MANAGE_PAUSE, id, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_STOP, id, 0, 0), MANAGE_OK); /* paused or not */
	TAP_EQUAL(order(MANAGE_STOP, id, 0, 0), MANAGE_BUSY);
	turn(1, NULL, 0);
	TAP_EQUAL(look(id)->state, MANAGE_STOPPED);
	TAP_EQUAL(look(id)->cause, MANAGE_CAUSE_STOP);
}

/* The pool runs out at every possible place: nothing is left behind. */
static void failures_are_undone(void)
{
	struct manage_create request = wanted("beta", 6, 4 * MIB);
	void *pages[2200];
	uint64_t before;

	start();
	TAP_EQUAL(create(&request), MANAGE_OK); /* what stays with an id is there from now on */
	turn(1, NULL, 0);
	TAP_EQUAL(order(MANAGE_DESTROY, 1, 0, 0), MANAGE_OK);
	turn(1, NULL, 0);
	turn(2, NULL, 0);
	for (uint32_t left = 0; left < 5; left++) {
		uint32_t count = 0;

		while ((pages[count] = page_alloc(1)) != NULL) {
			count++;
		}
		for (uint32_t i = 0; i < left; i++) {
			page_free(pages[--count], 1);
		}
		before = info()->pool_used;
		TAP_EQUAL(create(&request), MANAGE_NO_MEMORY);
		TAP_EQUAL(info()->pool_used, before);
		TAP_EQUAL(info()->memory_free, FREE);
		TAP_EQUAL(info()->cpus_free, 6);
		while (count > 0) {
			page_free(pages[--count], 1);
		}
	}
	TAP_EQUAL(create(&request), MANAGE_OK);
}

static void consoles_and_log(void)
{
	uint64_t position;
	uint32_t id;

	start();
	TAP_EQUAL(order(MANAGE_LOG, 0, UINT64_MAX, 0), MANAGE_OK);
	position = slot()->result; /* of the cases before this one */
	id = made();
	console_write(vm_get(id), (const uint8_t *)"hello\n", 6);
	TAP_EQUAL(order(MANAGE_CONSOLE_READ, id, 0, 4), MANAGE_OK);
	TAP_EQUAL(slot()->result, 4);
	TAP_EQUAL(slot()->data_used, 4);
	TAP_CHECK(memcmp(data(), "hell", 4) == 0);
	TAP_EQUAL(order(MANAGE_CONSOLE_READ, id, 4, 100), MANAGE_OK);
	TAP_EQUAL(slot()->data_used, 2);
	TAP_EQUAL(order(MANAGE_CONSOLE_READ, id, 77, 100), MANAGE_OK); /* nothing yet */
	TAP_EQUAL(slot()->result, 6);
	TAP_EQUAL(slot()->data_used, 0);
	for (uint32_t i = 0; i < 5000; i++) {
		console_write(vm_get(id), (const uint8_t *)"x", 1);
	}
	TAP_EQUAL(order(MANAGE_CONSOLE_READ, id, 0, 8000), MANAGE_OK); /* the oldest are gone */
	TAP_EQUAL(slot()->data_used, 4096);
	TAP_EQUAL(slot()->result, 5006);
	TAP_EQUAL(order(MANAGE_LOG, 0, position, 8000), MANAGE_OK);
	position = slot()->result;
	TAP_CHECK(slot()->data_used > 0 && slot()->data_used < 2000);
	TAP_CHECK(memmem(data(), slot()->data_used, "partition alpha: created\n", 25) != NULL);
	TAP_CHECK(memmem(data(), slot()->data_used, "hello", 5) == NULL); /* is no log line */
	log_notice("another");
	TAP_EQUAL(order(MANAGE_LOG, 0, position, 100), MANAGE_OK);
	TAP_EQUAL(slot()->data_used, 12);
	TAP_CHECK(memcmp(data(), "hv: another\n", 12) == 0);
	TAP_EQUAL(order(MANAGE_CONSOLE_WRITE, id, 0, 3), MANAGE_BUSY); /* it does not run */
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, 8), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_OK);
	memcpy(data(), "abc", 3);
	manage_bench.room = 2;
	TAP_EQUAL(order(MANAGE_CONSOLE_WRITE, id, 0, 3), MANAGE_OK);
	TAP_EQUAL(slot()->result, 2);
	TAP_CHECK(memcmp(manage_bench.typed, "ab", 2) == 0);
}

/* Its ID, and with it its network address, is kept for its name as long as nobody needs it. */
static void a_name_keeps_its_id(void)
{
	struct manage_create first = wanted("first", 2, 4 * MIB);
	struct manage_create second = wanted("second", 4, 4 * MIB);

	start();
	TAP_EQUAL(create(&first), MANAGE_OK);
	TAP_EQUAL(create(&second), MANAGE_OK);
	TAP_EQUAL(slot()->result, 2);
	turn(1, NULL, 0);
	turn(2, NULL, 0);
	TAP_EQUAL(order(MANAGE_DESTROY, 1, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_DESTROY, 2, 0, 0), MANAGE_OK);
	turn(1, NULL, 0);
	turn(2, NULL, 0);
	second.config.memory = 8 * MIB;
	second.config.cpus = 6;
	TAP_EQUAL(create(&second), MANAGE_OK);
	TAP_EQUAL(slot()->result, 2);
	TAP_EQUAL(look(2)->config.memory, 8 * MIB);
	TAP_EQUAL(look(2)->vcpu_count, 2);
	turn(1, NULL, 0);
	turn(2, NULL, 0);
	TAP_EQUAL(order(MANAGE_DESTROY, 2, 0, 0), MANAGE_OK);
	turn(1, NULL, 0);
	turn(2, NULL, 0);
	first.config.cpus = 4;
	memcpy(first.config.name, "third", 6);
	TAP_EQUAL(create(&first), MANAGE_OK);
	TAP_EQUAL(slot()->result, 1);
}

/* Its size is the one that its driver reads; without the device there is no disk, whatever it
 * reads. */
static void served_disks(void)
{
	struct manage_create request = wanted("alpha", 2, 4 * MIB);
	uint32_t id;

	start();
	request.pci[PLATFORM_SLOT_BLOCK].value[0] = 0x10421af4;
	request.pci[PLATFORM_SLOT_BLOCK].config[0] = 5;
	request.pci[PLATFORM_SLOT_BLOCK].config[1] = 1;
	request.config.devices = CONFIG_DEVICE_SERVED0;
	TAP_EQUAL(create(&request), MANAGE_OK);
	id = (uint32_t)slot()->result;
	TAP_EQUAL(vm_get(id)->image.disk_sectors, UINT64_C(0x100000005));
	TAP_EQUAL(vm_get(id)->image.disk_base, 0);
	strcpy(request.config.name, "beta");
	request.config.cpus = 4;
	request.config.devices = 0;
	TAP_EQUAL(create(&request), MANAGE_OK);
	TAP_EQUAL(vm_get((uint32_t)slot()->result)->image.disk_sectors, 0);
	TAP_EQUAL(order(MANAGE_DISK_TAKE, 0, 0, 64), MANAGE_DENIED); /* its own */
	TAP_EQUAL(order(MANAGE_DISK_DONE, 0, 0, 64), MANAGE_DENIED);
	TAP_CHECK(manage_bench.served == NULL);
	TAP_EQUAL(order(MANAGE_DISK_TAKE, id, 77, 64), MANAGE_OK);
	TAP_CHECK(manage_bench.served == vm_get(id));
	TAP_EQUAL(slot()->data_used, 3);
	TAP_EQUAL(order(MANAGE_DISK_DONE, id, 0, 64), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_DISK_DONE, id, 1, 64), MANAGE_INVALID);
}

static void kicks_are_seen(void)
{
	uint64_t events;
	uint32_t id;

	start();
	id = made();
	events = window()->event_next;
	fake_clock.tsc = 1234;
	manage_disk_kick(vm_get(id));
	TAP_EQUAL(window()->disk_kicks[id], 1234);
	TAP_EQUAL(window()->disk_kicks[id - 1] + window()->disk_kicks[id + 1], 0);
	TAP_EQUAL(window()->event_next, events); /* no flood of a guest's hides an event */
	fake_clock.tsc = 1235;
	atomic_store(&manage_bench.manager->state, VM_STOPPING);
	manage_disk_kick(vm_get(id));
	TAP_EQUAL(window()->disk_kicks[id], 1234);
}

static const struct tap_case cases[] = {
	{"a life", a_life},
	{"a thousand lives", a_thousand_lives},
	{"a test run ends behind the last", a_test_run_ends_behind_the_last},
	{"a start types to the UART", a_start_types_to_the_uart},
	{"pause and stop", pause_and_stop},
	{"failures are undone", failures_are_undone},
	{"a name keeps its id", a_name_keeps_its_id},
	{"consoles and log", consoles_and_log},
	{"served disks", served_disks},
	{"kicks are seen", kicks_are_seen},
};

TAP_MAIN(cases)
