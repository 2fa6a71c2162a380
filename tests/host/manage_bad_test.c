/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of the management partition with every argument wrong: nothing changes. */
/* Links: tests/host/manage_bench.c hv/manage.c hv/manage_event.c hv/manage_create.c hv/vm_create.c hv/vm_life.c hv/vm_load.c hv/vcpu.c hv/trace.c hv/cpus.c hv/exit.c hv/hypercall.c hv/io_bus.c hv/console.c hv/stage2.c hv/owner.c hv/page_alloc.c hv/guest_mem.c hv/lib/fmt.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_io.c arch/fake/fake_pte.c */
#include "host/manage_bench.h"

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
	REFUSED(MANAGE_INVALID, bad.config.devices = CONFIG_DEVICE_BLOCK0); /* of no file */
	REFUSED(MANAGE_NEEDS_IOMMU, bad.config.pci_count = 1);
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

static void bad_commands_are_refused(void)
{
	uint32_t id;

	start();
	id = made();
	TAP_EQUAL(order(MANAGE_NULL, 0, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_COUNT, 0, 0, 0), MANAGE_UNKNOWN);
	TAP_EQUAL(order(UINT32_MAX, 0, 0, 0), MANAGE_UNKNOWN);
	for (uint32_t opcode = MANAGE_PARTITION; opcode <= MANAGE_CONSOLE_WRITE; opcode++) {
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
	manage_command(manage_bench.manager, 3);
	TAP_EQUAL(slot()->status, MANAGE_INVALID);
	slot()->status = MANAGE_PENDING;
	manage_command(manage_bench.manager, MANAGE_SLOT_COUNT); /* no such slot: nothing happens */
	manage_command(manage_bench.manager, UINT32_MAX);
	TAP_EQUAL(slot()->status, MANAGE_PENDING);
}

static const struct tap_case cases[] = {
	{"bad creations change nothing", bad_creations_change_nothing},
	{"bad commands are refused", bad_commands_are_refused},
};

TAP_MAIN(cases)
