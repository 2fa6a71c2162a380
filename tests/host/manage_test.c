/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the management partition: partitions made, filled, run, watched and unmade; every
 * argument wrong. */
/* Links: hv/manage.c hv/manage_create.c hv/vm_create.c hv/vm_life.c hv/vm_load.c hv/vcpu.c hv/cpus.c hv/exit.c hv/hypercall.c hv/io_bus.c hv/console.c hv/stage2.c hv/owner.c hv/page_alloc.c hv/guest_mem.c hv/lib/fmt.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_io.c arch/fake/fake_pte.c */
#include "manage.h"

#include "console.h"
#include "cpus.h"
#include "fake.h"
#include "hv/device.h"
#include "hv/platform.h"
#include "owner.h"
#include "page_alloc.h"
#include "report.h"
#include "stage2.h"
#include "tap.h"
#include "vcpu_run.h"
#include "vm_life.h"

#include "arch/upcalls.h"

#include <string.h>

#define MIB     (UINT64_C(1) << 20)
#define POOL    (8 * MIB)
#define MEMORY  (64 * MIB)
#define FREE    (MEMORY - POOL - MANAGER)
#define MANAGER (4 * MIB)

static struct boot_info boot;
static struct boot_image images[1];
static struct vm *manager;
static char typed[600];
static uint32_t typed_count;
static uint32_t room;

/* --- what the tested code needs of drivers and of the rest of hv -------------------------------
 */

const struct device_model device_models[] = {{.base = 1, .size = 1, .state_size = 8}, {.size = 0}};

bool vlapic_read(struct vcpu *vcpu, uint32_t offset, uint64_t *value)
{
	(void)vcpu;
	(void)offset;
	*value = 0;
	return true;
}

bool vlapic_write(struct vcpu *vcpu, uint32_t offset, uint64_t value)
{
	(void)vcpu;
	(void)offset;
	(void)value;
	return true;
}

void vlapic_reset(struct vcpu *vcpu, bool is_init)
{
	(void)vcpu;
	(void)is_init;
}

bool vuart_takes_input(struct vm *vm)
{
	(void)vm;
	return typed_count < room;
}

void vuart_input(struct vm *vm, uint8_t byte)
{
	(void)vm;
	typed[typed_count++] = (char)byte;
}

void virtio_console_input(struct vm *vm, uint8_t byte)
{
	(void)vm;
	(void)byte;
}

void platform_console_init(const struct boot_info *info, uint32_t mask)
{
	(void)info;
	(void)mask;
}

void platform_console_write(const char *text, size_t size)
{
	(void)text;
	(void)size;
}

bool platform_console_read(uint8_t *byte)
{
	(void)byte;
	return false;
}

void platform_console_rearm(void)
{
}

void platform_power_off(uint32_t code)
{
	(void)code;
}

void report_exits(const struct vm *vm)
{
	(void)vm;
}

void panic(const char *format, ...)
{
	(void)format;
	longjmp(fake_cpus.halt_return, 3);
}

/* --- helpers ------------------------------------------------------------------------------------
 */

static struct manage_window *window(void)
{
	return fake_memory_at(hpa_add(manager->extents[0].host, PLATFORM_MANAGE_WINDOW));
}

static void start(void)
{
	static const struct boot_memory memory[] = {
		{FAKE_MEMORY_BASE, POOL, BOOT_MEMORY_HYPERVISOR, 0},
		{FAKE_MEMORY_BASE + POOL, MEMORY - POOL, BOOT_MEMORY_FREE, 0}};
	static const struct boot_cpu boot_cpus[4] = {{10, 1}, {11, 0}, {12, 0}, {13, 0}};

	fake_reset();
	fake_memory_init(MEMORY, POOL);
	page_alloc_init(fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE)), POOL);
	fake_vcpus.max_leaf = 2;
	stage2_init(false);
	TAP_EQUAL(owner_init(memory, 2), HV_OK);
	boot = (struct boot_info){
		.cpus = boot_cpus, .cpu_count = 4, .trampoline = 0x8000, .images = images};
	boot.config.partition_count = 1;
	boot.config.log_level = CONFIG_LOG_DEBUG;
	boot.config.partitions[0] = (struct config_partition){.name = "mgmt",
							      .cpus = 1,
							      .memory = MANAGER,
							      .flags = CONFIG_PARTITION_MANAGEMENT |
								       CONFIG_PARTITION_AUTOSTART};
	console_init(&boot);
	fake_cpus.dead_cpus = 8;
	fake_cpus.current = cpus_init_boot(&boot);
	cpus_start_others(&boot);
	for (uint32_t i = 0; i < 4; i++) {
		cpus_get(i)->vcpu = NULL;
	}
	typed_count = 0;
	room = sizeof(typed);
	vm_create_all(&boot);
	vm_start_all(&boot);
	manager = vm_get(0);
	TAP_CHECK(manager != NULL);
	memset(window(), 0, sizeof(struct manage_window));
}

static struct manage_command *slot(void)
{
	return &window()->commands[3];
}

/* A command with data at offset 104 of the window's data. */
static enum manage_status order(uint32_t opcode, uint32_t id, uint64_t argument, uint32_t size)
{
	*slot() = (struct manage_command){.opcode = opcode,
					  .status = MANAGE_PENDING,
					  .id = id,
					  .argument = argument,
					  .data_offset = size != 0 ? 104 : 0,
					  .data_size = size};
	manage_command(manager, 3);
	return slot()->status;
}

static void *data(void)
{
	return window()->data + 104;
}

static struct manage_create wanted(const char *name, uint64_t cpus, uint64_t memory)
{
	struct manage_create create = {.config = {.cpus = cpus, .memory = memory}};

	strcpy(create.config.name, name);
	create.start.rip = 0x1234;
	create.pci[1].value[0] = 0x77;
	return create;
}

static enum manage_status create(const struct manage_create *request)
{
	memcpy(data(), request, sizeof(*request));
	return order(MANAGE_CREATE, 0, 0, sizeof(*request));
}

/* A CPU's turn: what its vCPU does until it has nothing to do. */
static void turn(uint32_t cpu, const struct fake_exit *script, size_t count)
{
	struct vcpu *vcpu = cpus_get(cpu)->vcpu;

	fake_cpus.current = cpus_get(cpu);
	TAP_CHECK(vcpu != NULL);
	if (vcpu != NULL) {
		fake_vcpu_script(&vcpu->arch, script, count);
		TAP_CHECK(!vcpu_run(vcpu));
	}
	fake_cpus.current = cpus_get(0);
}

static struct manage_partition *look(uint32_t id)
{
	TAP_EQUAL(order(MANAGE_PARTITION, id, 0, sizeof(struct manage_partition)), MANAGE_OK);
	TAP_EQUAL(slot()->data_used, sizeof(struct manage_partition));
	return data();
}

static struct manage_info *info(void)
{
	TAP_EQUAL(order(MANAGE_INFO, 0, 0, sizeof(struct manage_info)), MANAGE_OK);
	return data();
}

static uint64_t last_event(void)
{
	const struct manage_window *view = window();
	const struct manage_event *event =
		&view->events[(view->event_next - 1) % MANAGE_EVENT_COUNT];

	TAP_EQUAL(event->sequence, view->event_next - 1);
	return (uint64_t)event->kind << 32 | event->id;
}

static uint64_t event_of(enum manage_event_kind kind, uint32_t id)
{
	return (uint64_t)kind << 32 | id;
}

static const struct fake_exit power_off[] = {{.exit = {.kind = VM_EXIT_HYPERCALL},
					      .has_gpr = true,
					      .gpr = {[VCPU_RAX] = HYPERCALL_SHUTDOWN,
						      [VCPU_RDI] = SHUTDOWN_POWER_OFF,
						      [VCPU_RSI] = 9}}};

/* "alpha" on CPU 1, made and zeroed. */
static uint32_t made(void)
{
	struct manage_create request = wanted("alpha", 2, 4 * MIB);
	uint32_t id;

	TAP_EQUAL(create(&request), MANAGE_OK);
	id = (uint32_t)slot()->result;
	TAP_EQUAL(look(id)->state, MANAGE_CLEARING);
	turn(1, NULL, 0);
	TAP_EQUAL(look(id)->state, MANAGE_STOPPED);
	return id;
}

/* --- cases --------------------------------------------------------------------------------------
 */

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

static void bad_creations_change_nothing(void)
{
	struct manage_create good = wanted("beta", 4, 4 * MIB);
	struct manage_create bad;
	uint64_t used;

	start();
	(void)made();
	used = info()->pool_used;
#define REFUSED(expected, change)                                                                  \
	do {                                                                                       \
		bad = good;                                                                        \
		change;                                                                            \
		TAP_EQUAL(create(&bad), expected);                                                 \
	} while (0)
	REFUSED(MANAGE_INVALID, bad.config.name[0] = '\0');
	REFUSED(MANAGE_INVALID, bad.config.name[1] = '\n');
	REFUSED(MANAGE_INVALID, memset(bad.config.name, 'a', sizeof(bad.config.name)));
	REFUSED(MANAGE_INVALID, bad.config.name[9] = 'x'); /* behind the end */
	REFUSED(MANAGE_BUSY, strcpy(bad.config.name, "alpha"));
	REFUSED(MANAGE_BUSY, strcpy(bad.config.name, "mgmt"));
	REFUSED(MANAGE_INVALID, bad.config.flags = CONFIG_PARTITION_MANAGEMENT);
	REFUSED(MANAGE_INVALID, bad.config.on_crash = CONFIG_CRASH_HALT_MACHINE);
	REFUSED(MANAGE_INVALID, bad.config.devices = 0x80000000);
	REFUSED(MANAGE_INVALID, bad.config.pci_count = 1);
	REFUSED(MANAGE_INVALID, bad.config.cpus = 0);
	REFUSED(MANAGE_NO_CPU, bad.config.cpus = 1);     /* the manager's */
	REFUSED(MANAGE_NO_CPU, bad.config.cpus = 4 | 2); /* one of them alpha's */
	REFUSED(MANAGE_NO_CPU, bad.config.cpus = 8);     /* dead */
	REFUSED(MANAGE_NO_CPU, bad.config.cpus = UINT64_C(1) << 63);
	REFUSED(MANAGE_INVALID, bad.config.memory = 0);
	REFUSED(MANAGE_INVALID, bad.config.memory = 4 * MIB + 4096);
	REFUSED(MANAGE_NO_MEMORY, bad.config.memory = FREE);
	REFUSED(MANAGE_NO_MEMORY, bad.config.memory = UINT64_MAX & ~(2 * MIB - 1));
#undef REFUSED
	TAP_EQUAL(order(MANAGE_CREATE, 0, 0, sizeof(good) - 1), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_CREATE, 0, 0, sizeof(good) + 1), MANAGE_INVALID);
	TAP_EQUAL(info()->pool_used, used);
	TAP_EQUAL(info()->memory_free, FREE - 4 * MIB);
	TAP_EQUAL(info()->cpus_free, 4);
	TAP_EQUAL(create(&good), MANAGE_OK);
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

static void bad_commands_are_refused(void)
{
	uint32_t id;

	start();
	id = made();
	TAP_EQUAL(order(MANAGE_NULL, 0, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_COUNT, 0, 0, 0), MANAGE_UNKNOWN);
	TAP_EQUAL(order(UINT32_MAX, 0, 0, 0), MANAGE_UNKNOWN);
	for (uint32_t opcode = MANAGE_PARTITION; opcode < MANAGE_COUNT; opcode++) {
		if (opcode != MANAGE_CREATE && opcode != MANAGE_LOG) {
			TAP_EQUAL(order(opcode, 7, 0, 0), MANAGE_NO_PARTITION);
			TAP_EQUAL(order(opcode, UINT32_MAX, 0, 0), MANAGE_NO_PARTITION);
		}
	}
	for (uint32_t opcode = MANAGE_START; opcode <= MANAGE_RESUME; opcode++) {
		TAP_EQUAL(order(opcode, 0, 0, 0), MANAGE_DENIED); /* itself */
		TAP_EQUAL(order(opcode, id, 1, 0), MANAGE_INVALID);
		TAP_EQUAL(order(opcode, id, 0, 1), MANAGE_INVALID);
	}
	TAP_EQUAL(order(MANAGE_DESTROY, 0, 0, 0), MANAGE_DENIED);
	TAP_EQUAL(order(MANAGE_LOAD, 0, 0, 8), MANAGE_DENIED);
	TAP_EQUAL(order(MANAGE_INFO, 1, 0, sizeof(struct manage_info)), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_INFO, 0, 0, sizeof(struct manage_info) - 1), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_VCPU, id, 1, sizeof(struct manage_vcpu)), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_VCPU, id, UINT64_MAX, sizeof(struct manage_vcpu)), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_VCPU, id, 0, sizeof(struct manage_vcpu)), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_LOAD, id, 4 * MIB - 7, 8), MANAGE_BAD_ADDRESS);
	TAP_EQUAL(order(MANAGE_LOAD, id, UINT64_MAX - 3, 8), MANAGE_BAD_ADDRESS);
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, 0), MANAGE_BAD_ADDRESS);
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, (uint32_t)MANAGE_DATA_SIZE - 103), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, UINT32_MAX), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, (uint32_t)MANAGE_DATA_SIZE - 104), MANAGE_OK);
	*slot() = (struct manage_command){.opcode = MANAGE_NULL, .reserved3 = {0, 1}};
	manage_command(manager, 3);
	TAP_EQUAL(slot()->status, MANAGE_INVALID);
	slot()->status = MANAGE_PENDING;
	manage_command(manager, MANAGE_SLOT_COUNT); /* no such slot: nothing happens */
	manage_command(manager, UINT32_MAX);
	TAP_EQUAL(slot()->status, MANAGE_PENDING);
}

static void consoles_and_log(void)
{
	uint64_t position;
	uint32_t id;

	start();
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
	TAP_EQUAL(order(MANAGE_LOG, 0, 0, 8000), MANAGE_OK);
	position = slot()->result;
	TAP_EQUAL(slot()->data_used, 8000);
	TAP_EQUAL(order(MANAGE_LOG, 0, position, 100), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_CONSOLE_WRITE, id, 0, 3), MANAGE_BUSY); /* it does not run */
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, 8), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_OK);
	memcpy(data(), "abc", 3);
	room = 2;
	TAP_EQUAL(order(MANAGE_CONSOLE_WRITE, id, 0, 3), MANAGE_OK);
	TAP_EQUAL(slot()->result, 2);
	TAP_CHECK(memcmp(typed, "ab", 2) == 0);
}

static const struct tap_case cases[] = {
	{"a life", a_life},
	{"a thousand lives", a_thousand_lives},
	{"pause and stop", pause_and_stop},
	{"bad creations change nothing", bad_creations_change_nothing},
	{"failures are undone", failures_are_undone},
	{"bad commands are refused", bad_commands_are_refused},
	{"consoles and log", consoles_and_log},
};

TAP_MAIN(cases)
