/* SPDX-License-Identifier: Apache-2.0 */
/* The door to guest memory: nothing but the VM's own RAM is ever reached, all or nothing. */
/* Links: hv/guest_mem.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "hv/guest_mem.h"

#include "fake.h"
#include "hv/vm.h"
#include "tap.h"

#define MIB (UINT64_C(1) << 20)

static struct vm vm;

/* 2 MiB and 4 MiB in two places, in the opposite order; then RAM above 4 GiB. */
static void start(void)
{
	fake_reset();
	fake_memory_init(32 * MIB, 2 * MIB);
	memset(&vm, 0, sizeof(vm));
	vm.extents[0] = (struct vm_extent){gpa_from_u64(0),
					   hpa_from_u64(FAKE_MEMORY_BASE + 16 * MIB), 2 * MIB};
	vm.extents[1] = (struct vm_extent){gpa_from_u64(2 * MIB),
					   hpa_from_u64(FAKE_MEMORY_BASE + 4 * MIB), 4 * MIB};
	vm.extents[2] = (struct vm_extent){gpa_from_u64(PLATFORM_RAM_HIGH_BASE),
					   hpa_from_u64(FAKE_MEMORY_BASE + 24 * MIB), 2 * MIB};
	vm.extent_count = 3;
}

static uint8_t host_byte(uint64_t offset)
{
	return *(uint8_t *)fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE + offset));
}

static void crosses_extents_and_frames(void)
{
	static const uint8_t out[] = {1, 2, 3, 4};
	uint8_t in[4] = {0};

	start();
	TAP_EQUAL(guest_mem_write(&vm.arch, gpa_from_u64(2 * MIB - 2), out, 4), HV_OK);
	TAP_EQUAL(host_byte(18 * MIB - 2), 1);
	TAP_EQUAL(host_byte(18 * MIB - 1), 2);
	TAP_EQUAL(host_byte(18 * MIB), 0xa5); /* behind the first extent: not touched */
	TAP_EQUAL(host_byte(4 * MIB), 3);
	TAP_EQUAL(host_byte(4 * MIB + 1), 4);
	TAP_EQUAL(guest_mem_read(&vm.arch, gpa_from_u64(2 * MIB - 2), in, 4), HV_OK);
	TAP_EQUAL(memcmp(in, out, 4), 0);
	TAP_EQUAL(guest_mem_write(&vm.arch, gpa_from_u64(4 * MIB - 1), out, 2), HV_OK);
	TAP_EQUAL(host_byte(6 * MIB - 1), 1);
	TAP_EQUAL(host_byte(6 * MIB), 2);
	TAP_EQUAL(guest_mem_write(&vm.arch, gpa_from_u64(PLATFORM_RAM_HIGH_BASE), out, 1), HV_OK);
	TAP_EQUAL(host_byte(24 * MIB), 1);
}

static void refuses_what_is_not_wholly_ram(void)
{
	static const struct {
		uint64_t address;
		uint64_t size;
	} bad[] = {
		{6 * MIB, 1},
		{6 * MIB - 1, 2},
		{0, 6 * MIB + 1},
		{PLATFORM_RAM_HIGH_BASE - 1, 2},
		{PLATFORM_RAM_HIGH_BASE + 2 * MIB, 1},
		{UINT64_MAX, 2},
		{UINT64_MAX, 1},
		{UINT64_C(1) << 63, 8},
		{0, UINT64_MAX},
		{0, 0},
		{PLATFORM_RAM_HIGH_BASE + 2 * MIB - 4, UINT64_MAX - 8},
	};
	uint8_t byte = 0x11;

	start();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(!guest_mem_is_ram(&vm.arch, gpa_from_u64(bad[i].address), bad[i].size));
		TAP_EQUAL(
			guest_mem_write(&vm.arch, gpa_from_u64(bad[i].address), &byte, bad[i].size),
			HV_RANGE);
		TAP_EQUAL(guest_mem_clear(&vm.arch, gpa_from_u64(bad[i].address), bad[i].size),
			  HV_RANGE);
	}
	TAP_EQUAL(fake_memory.window_map_count, 0); /* not one byte was looked at */
	TAP_EQUAL(host_byte(16 * MIB), 0xa5);
}

static void clears_and_leaves_no_window(void)
{
	start();
	TAP_EQUAL(guest_mem_clear(&vm.arch, gpa_from_u64(0), 6 * MIB), HV_OK);
	TAP_EQUAL(host_byte(16 * MIB), 0);
	TAP_EQUAL(host_byte(18 * MIB - 1), 0);
	TAP_EQUAL(host_byte(18 * MIB), 0xa5);
	TAP_EQUAL(host_byte(4 * MIB), 0);
	TAP_EQUAL(host_byte(8 * MIB - 1), 0);
	TAP_EQUAL(host_byte(8 * MIB), 0xa5);
	TAP_EQUAL(fake_memory.window_map_count, 3);
	TAP_EQUAL(fake_memory.window[0].value, 0);
	TAP_EQUAL(fake_memory.window[1].value, 0);
}

static const struct tap_case cases[] = {
	{"copies across extents and frames", crosses_extents_and_frames},
	{"refuses what is not wholly RAM", refuses_what_is_not_wholly_ram},
	{"clears, and leaves no window open", clears_and_leaves_no_window},
};

TAP_MAIN(cases)
