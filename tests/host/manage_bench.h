/* SPDX-License-Identifier: Apache-2.0 */
/* A machine of four CPUs, the last one dead, whose first partition manages it. */
#pragma once

#include "manage.h"
#include "console.h"
#include "cpus.h"
#include "fake.h"
#include "hv/device.h"
#include "owner.h"
#include "page_alloc.h"
#include "stage2.h"
#include "tap.h"
#include "vcpu_run.h"
#include "vm_life.h"
#include "arch/upcalls.h"
#include <string.h>

#define MIB      (UINT64_C(1) << 20)
#define POOL     (8 * MIB)
#define MEMORY   (64 * MIB)
#define FREE     (MEMORY - POOL - MANAGER)
#define MANAGER  (4 * MIB) /* its second half at its own address */
#define IDENTITY (FAKE_MEMORY_BASE + MEMORY - MANAGER + FRAME_SIZE)

struct manage_bench {
	struct boot_info boot;
	struct boot_image images[1];
	struct vm *manager;
	char typed[600]; /* what reached a UART */
	uint32_t typed_count;
	uint32_t room;            /* what it takes, of typed_count */
	struct vm *resized;       /* whose console was told last; NULL: nobody's */
	uint32_t power_off_count; /* of the machine */
	struct vm *served;        /* by disk_serve() */
	/* disk_serve() in full; may be NULL */
	enum manage_status (*on_disk)(const struct vm_arch *caller, gpa_t data,
				      struct manage_command *command);
};
extern struct manage_bench manage_bench;

static inline struct manage_window *window(void)
{
	return fake_memory_at(
		hpa_add(manage_bench.manager->extents[0].host, PLATFORM_MANAGE_WINDOW));
}

/* The manager has these CPUs, 0 among them. */
static inline void start_with(uint64_t cpus)
{
	static const struct boot_memory memory[] = {
		{FAKE_MEMORY_BASE, POOL, BOOT_MEMORY_HYPERVISOR, 0},
		{FAKE_MEMORY_BASE + POOL, MEMORY - POOL - MANAGER + FRAME_SIZE, BOOT_MEMORY_FREE,
		 0},
		{IDENTITY, MANAGER - FRAME_SIZE, BOOT_MEMORY_IDENTITY, 0}};
	static const struct boot_cpu boot_cpus[4] = {{10, 1}, {11, 0}, {12, 0}, {13, 0}};

	fake_reset();
	hv_trace_rings = NULL; /* of an earlier machine */
	fake_memory_init(MEMORY, POOL);
	page_alloc_init(fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE)), POOL);
	fake_vcpus.max_leaf = 2;
	stage2_init(false);
	TAP_EQUAL(owner_init(memory, 3), HV_OK);
	manage_bench.boot = (struct boot_info){.cpus = boot_cpus,
					       .cpu_count = 4,
					       .trampoline = 0x8000,
					       .images = manage_bench.images};
	manage_bench.boot.passthrough.identity_base = IDENTITY;
	manage_bench.boot.config.partition_count = 1;
	manage_bench.boot.config.test_exit = 1;
	manage_bench.boot.config.log_level = CONFIG_LOG_DEBUG;
	manage_bench.boot.config.partitions[0] = (struct config_partition){
		.name = "mgmt",
		.cpus = cpus,
		.memory = MANAGER,
		.flags = CONFIG_PARTITION_MANAGEMENT | CONFIG_PARTITION_AUTOSTART};
	console_init(&manage_bench.boot);
	fake_cpus.dead_cpus = 8;
	fake_cpus.current = cpus_init_boot(&manage_bench.boot);
	cpus_start_others(&manage_bench.boot);
	for (uint32_t i = 0; i < 4; i++) {
		cpus_get(i)->vcpu = NULL;
	}
	manage_bench.typed_count = 0;
	manage_bench.resized = NULL;
	manage_bench.power_off_count = 0;
	manage_bench.on_disk = NULL;
	manage_bench.served = NULL;
	manage_bench.room = sizeof(manage_bench.typed);
	manage_bench.boot.virt.facts = VIRT_FACT_VMX | VIRT_FACT_TAGGED | VIRT_FACT_SMALL_PAGES;
	manage_init(&manage_bench.boot);
	vm_create_all(&manage_bench.boot);
	vm_start_all(&manage_bench.boot);
	manage_bench.manager = vm_get(0);
	TAP_CHECK(manage_bench.manager != NULL);
	memset(window(), 0, sizeof(struct manage_window));
}

static inline void start(void)
{
	start_with(1);
}

static inline struct manage_command *slot(void)
{
	return &window()->commands[3];
}

/* A command with data at offset 104 of the window's data. */
static inline enum manage_status order(uint32_t opcode, uint32_t id, uint64_t argument,
				       uint32_t size)
{
	*slot() = (struct manage_command){.opcode = opcode,
					  .status = MANAGE_PENDING,
					  .id = id,
					  .argument = argument,
					  .data_offset = size != 0 ? 104 : 0,
					  .data_size = size};
	manage_command(manage_bench.manager, 3);
	return slot()->status;
}

static inline void *data(void)
{
	return window()->data + 104;
}

static inline struct manage_create wanted(const char *name, uint64_t cpus, uint64_t memory)
{
	struct manage_create create = {.config = {.cpus = cpus, .memory = memory}};

	strcpy(create.config.name, name);
	create.start.rip = 0x1234;
	create.pci[1].value[0] = 0x77;
	return create;
}

static inline enum manage_status create(const struct manage_create *request)
{
	memcpy(data(), request, sizeof(*request));
	return order(MANAGE_CREATE, 0, 0, sizeof(*request));
}

/* A CPU's turn: what its vCPU does until it has nothing to do. */
static inline void turn(uint32_t cpu, const struct fake_exit *script, size_t count)
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

static inline struct manage_partition *look(uint32_t id)
{
	TAP_EQUAL(order(MANAGE_PARTITION, id, 0, sizeof(struct manage_partition)), MANAGE_OK);
	TAP_EQUAL(slot()->data_used, sizeof(struct manage_partition));
	return data();
}

static inline struct manage_info *info(void)
{
	TAP_EQUAL(order(MANAGE_INFO, 0, 0, sizeof(struct manage_info)), MANAGE_OK);
	return data();
}

static inline uint64_t last_event(void)
{
	const struct manage_window *view = window();
	const struct manage_event *event =
		&view->events[(view->event_next - 1) % MANAGE_EVENT_COUNT];

	TAP_EQUAL(event->sequence, view->event_next - 1);
	return (uint64_t)event->kind << 32 | event->id;
}

static inline uint64_t event_of(enum manage_event_kind kind, uint32_t id)
{
	return (uint64_t)kind << 32 | id;
}

static const struct fake_exit power_off[] = {{.exit = {.kind = VM_EXIT_HYPERCALL},
					      .has_gpr = true,
					      .gpr = {[VCPU_RAX] = HYPERCALL_SHUTDOWN,
						      [VCPU_RDI] = SHUTDOWN_POWER_OFF,
						      [VCPU_RSI] = 9}}};

/* "alpha" on CPU 1, made and zeroed. */
static inline uint32_t made(void)
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
