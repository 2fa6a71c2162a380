/* SPDX-License-Identifier: Apache-2.0 */
/* RAM of partitions: where it comes from, and where guests and, in the management partition,
 * devices see it. */
/* Links: hv/vm_create.c hv/stage2.c hv/owner.c hv/page_alloc.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_pte.c arch/fake/fake_io.c */
#include "vm_life.h"

#include "arch/upcalls.h"

#include "cpus.h"
#include "fake.h"
#include "owner.h"
#include "page_alloc.h"
#include "stage2.h"
#include "tap.h"

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

static struct cpu cpus[2];
static struct boot_image images[2];
static struct boot_info boot;
static jmp_buf panic_return;

const struct device_model device_models[] = {{.size = 0}};

bool cpus_is_free(uint32_t index)
{
	return index < 2 && cpus[index].vcpu == NULL;
}

struct cpu *cpus_get(uint32_t index)
{
	return index < 2 ? &cpus[index] : NULL;
}

void panic(const char *format, ...)
{
	(void)format;
	longjmp(panic_return, 1);
}

/* Beta comes first in the file, but may not take what is kept for the other. */
static void start(const struct boot_memory *memory, uint32_t count)
{
	fake_reset();
	fake_memory_init(8 * MIB, 8 * MIB);
	page_alloc_init(fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE)), 8 * MIB);
	fake_vcpus.max_leaf = 2;
	fake_clock.tsc_hz = 1000;
	stage2_init(false);
	TAP_EQUAL(owner_init(memory, count), HV_OK);
	for (uint32_t i = 0; i < 2; i++) {
		cpus[i] = (struct cpu){.self = &cpus[i], .index = i, .is_online = true};
	}
	boot = (struct boot_info){
		.images = images,
		.passthrough = {.identity_base = 512 * MIB,
				.memory_count = 2,
				.memory = {{3 * GIB, 16 * 4096}, {64 * GIB, 2 * MIB}}},
		.config = {.partition_count = 2,
			   .partitions = {{.name = "beta", .cpus = 2, .memory = 32 * MIB},
					  {.name = "mgmt",
					   .flags = CONFIG_PARTITION_MANAGEMENT,
					   .cpus = 1,
					   .memory = 32 * MIB}}},
	};
}

/* The host address, and the memory type, of a guest's; UINT64_MAX: none. */
static uint64_t translate(const struct vm *vm, uint64_t guest, enum stage2_memory *memory)
{
	const uint64_t *table = arch_pa_to_va(vm->arch.stage2_root);

	for (uint32_t level = 4; level > 0; level--) {
		uint32_t shift = 12 + 9 * (level - 1);
		struct stage2_entry entry = arch_stage2_read(table[guest >> shift & 511], level);

		if (entry.access == 0) {
			return UINT64_MAX;
		}
		if (entry.is_leaf) {
			*memory = entry.memory;
			return entry.address.value + (guest & ((UINT64_C(1) << shift) - 1));
		}
		table = arch_pa_to_va(entry.address);
	}
	return UINT64_MAX;
}

static void management_sees_what_devices_see(void)
{
	static const struct boot_memory memory[] = {
		{2 * MIB, 510 * MIB, BOOT_MEMORY_FREE, 0},
		{512 * MIB, 30 * MIB, BOOT_MEMORY_IDENTITY, 0},
		{542 * MIB, 2 * MIB, BOOT_MEMORY_FREE, 0},
	};
	enum stage2_memory type;
	const struct vm *vm;
	start(memory, 3);
	vm_create_all(&boot);
	vm = vm_get(0);
	TAP_CHECK(vm->passthrough == NULL);
	TAP_CHECK(vm->extents[0].host.value < 512 * MIB);
	TAP_EQUAL(translate(vm, 3 * GIB, &type), UINT64_MAX);
	vm = vm_get(1);
	TAP_EQUAL(vm->vcpu_count, 1);
	TAP_EQUAL(vm->extent_count, 2);
	TAP_EQUAL(vm->extents[0].guest.value, 0);
	TAP_EQUAL(vm->extents[0].size, FRAME_SIZE);
	TAP_EQUAL(translate(vm, 0x1234, &type), vm->extents[0].host.value + 0x1234);
	TAP_EQUAL(translate(vm, FRAME_SIZE, &type), UINT64_MAX);
	TAP_EQUAL(translate(vm, 512 * MIB - 1, &type), UINT64_MAX);
	TAP_EQUAL(translate(vm, 512 * MIB, &type), 512 * MIB);
	TAP_EQUAL(translate(vm, 542 * MIB - 1, &type), 542 * MIB - 1);
	TAP_EQUAL(type, STAGE2_WRITE_BACK);
	TAP_EQUAL(translate(vm, 542 * MIB, &type), UINT64_MAX);
	TAP_EQUAL(translate(vm, 3 * GIB + 0xffff, &type), 3 * GIB + 0xffff);
	TAP_EQUAL(type, STAGE2_UNCACHED);
	TAP_EQUAL(translate(vm, 3 * GIB + 0x10000, &type), UINT64_MAX);
	TAP_EQUAL(translate(vm, 64 * GIB, &type), 64 * GIB);
	TAP_EQUAL(owner_of(hpa_from_u64(540 * MIB)), OWNER_VM + vm->id);
}

/* Its frames are another's: it alone is not made. */
static void identity_that_is_not_kept_is_refused(void)
{
	static const struct boot_memory memory[] = {
		{2 * MIB, 510 * MIB, BOOT_MEMORY_FREE, 0},
		{512 * MIB, 28 * MIB, BOOT_MEMORY_IDENTITY, 0},
		{540 * MIB, 2 * MIB, BOOT_MEMORY_MODULES, 0},
	};
	start(memory, 3);
	vm_create_all(&boot);
	TAP_EQUAL(vm_get(0)->vcpu_count, 1);
	TAP_EQUAL(vm_get(1) == NULL, true);
	TAP_CHECK(cpus[0].vcpu == NULL);
}

/* What the loader calls device memory is RAM: no guest may run. */
static void ram_is_no_device(void)
{
	static const struct boot_memory memory[] = {
		{2 * MIB, 510 * MIB, BOOT_MEMORY_FREE, 0},
		{512 * MIB, 30 * MIB, BOOT_MEMORY_IDENTITY, 0},
		{542 * MIB, 2 * MIB, BOOT_MEMORY_MODULES, 0},
	};
	volatile bool is_panic = false;

	start(memory, 3);
	boot.passthrough.memory[1].base = 542 * MIB;
	if (setjmp(panic_return) == 0) {
		vm_create_all(&boot);
	} else {
		is_panic = true;
	}
	TAP_CHECK(is_panic);
}

static const struct tap_case cases[] = {
	{"the management partition sees what devices see", management_sees_what_devices_see},
	{"identity that is not kept is refused", identity_that_is_not_kept_is_refused},
	{"RAM is no device", ram_is_no_device},
};

TAP_MAIN(cases)
