/* SPDX-License-Identifier: Apache-2.0 */
/* The owner table: what is free, who may take, and where a request is placed. */
/* Links: hv/owner.c */
#include "owner.h"

#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "bits.h"
#include "tap.h"

#include <stdlib.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static void *table;

void *page_alloc(uint32_t count)
{
	free(table);
	table = calloc(count, PAGE_SIZE);
	return table;
}

void arch_cpu_pause(void)
{
}

static void start(const struct boot_memory *memory, uint32_t count)
{
	TAP_EQUAL(owner_init(memory, count), HV_OK);
}

static void mixed_frames_are_nobodys(void)
{
	static const struct boot_memory memory[] = {
		{0, 0xa0000, BOOT_MEMORY_FREE, 0},
		{1 * MIB, 7 * MIB + 4096, BOOT_MEMORY_FREE, 0},
		{8 * MIB + 4096, 4096, BOOT_MEMORY_ACPI, 0},
		{8 * MIB + 8192, 8 * MIB - 8192, BOOT_MEMORY_FREE, 0},
		{16 * MIB, 2 * MIB, BOOT_MEMORY_HYPERVISOR, 0},
		{18 * MIB, 3 * MIB, BOOT_MEMORY_MODULES, 0},
		{21 * MIB, 11 * MIB, BOOT_MEMORY_FREE, 0},
		{64 * MIB, 2 * MIB, BOOT_MEMORY_MMIO, 0},
	};

	start(memory, ARRAY_COUNT(memory));
	TAP_EQUAL(owner_of(hpa_from_u64(0)), OWNER_NONE); /* never given away */
	TAP_EQUAL(owner_of(hpa_from_u64(2 * MIB)), OWNER_FREE);
	TAP_EQUAL(owner_of(hpa_from_u64(8 * MIB)), OWNER_NONE); /* holds ACPI */
	TAP_EQUAL(owner_of(hpa_from_u64(10 * MIB)), OWNER_FREE);
	TAP_EQUAL(owner_of(hpa_from_u64(16 * MIB)), OWNER_HYPERVISOR);
	TAP_EQUAL(owner_of(hpa_from_u64(20 * MIB)), OWNER_MODULES); /* rounded up */
	TAP_EQUAL(owner_of(hpa_from_u64(22 * MIB)), OWNER_FREE);
	TAP_EQUAL(owner_of(hpa_from_u64(32 * MIB)), OWNER_NONE);
	TAP_EQUAL(owner_of(hpa_from_u64(64 * MIB)), OWNER_NONE);
	TAP_EQUAL(owner_of(hpa_from_u64(UINT64_MAX)), OWNER_NONE);
	TAP_EQUAL(owner_total(OWNER_FREE), (6 + 6 + 10) * MIB);
}

static void change_is_all_or_nothing(void)
{
	static const struct boot_memory memory[] = {{2 * MIB, 30 * MIB, BOOT_MEMORY_FREE, 0}};

	start(memory, 1);
	TAP_EQUAL(owner_change(hpa_from_u64(4 * MIB), 4 * MIB, OWNER_FREE, OWNER_VM), HV_OK);
	TAP_EQUAL(owner_change(hpa_from_u64(2 * MIB), 4 * MIB, OWNER_FREE, OWNER_VM + 1),
		  HV_DENIED);
	TAP_EQUAL(owner_of(hpa_from_u64(2 * MIB)), OWNER_FREE);
	TAP_EQUAL(owner_change(hpa_from_u64(4 * MIB), 2 * MIB, OWNER_VM + 1, OWNER_FREE),
		  HV_DENIED);
	TAP_EQUAL(owner_change(hpa_from_u64(30 * MIB), 4 * MIB, OWNER_FREE, OWNER_VM), HV_DENIED);
	TAP_EQUAL(owner_change(hpa_from_u64(UINT64_MAX - FRAME_SIZE + 1), FRAME_SIZE, OWNER_FREE,
			       OWNER_VM),
		  HV_DENIED);
	TAP_EQUAL(owner_change(hpa_from_u64(4 * MIB), 4 * MIB, OWNER_VM, OWNER_FREE), HV_OK);
	TAP_EQUAL(owner_total(OWNER_FREE), 30 * MIB);
}

static void find_prefers_the_tightest_run(void)
{
	static const struct boot_memory memory[] = {
		{2 * MIB, 100 * MIB, BOOT_MEMORY_FREE, 0},
		{200 * MIB, 20 * MIB, BOOT_MEMORY_FREE, 0},
		{300 * MIB, 40 * MIB, BOOT_MEMORY_FREE, 0},
	};
	hpa_t base;
	uint64_t size;

	start(memory, 3);
	TAP_EQUAL(owner_find(30 * MIB, &base, &size), HV_OK);
	TAP_EQUAL(base.value, 300 * MIB);
	TAP_EQUAL(size, 30 * MIB);
	TAP_EQUAL(owner_find(150 * MIB, &base, &size), HV_OK); /* in pieces: the largest first */
	TAP_EQUAL(base.value, 2 * MIB);
	TAP_EQUAL(size, 100 * MIB);
	TAP_EQUAL(owner_change(hpa_from_u64(2 * MIB), 100 * MIB, OWNER_FREE, OWNER_VM), HV_OK);
	TAP_EQUAL(owner_change(hpa_from_u64(200 * MIB), 20 * MIB, OWNER_FREE, OWNER_VM), HV_OK);
	TAP_EQUAL(owner_change(hpa_from_u64(300 * MIB), 40 * MIB, OWNER_FREE, OWNER_VM), HV_OK);
	TAP_EQUAL(owner_find(2 * MIB, &base, &size), HV_NO_MEMORY);
}

static void find_uses_giant_boundaries(void)
{
	static const struct boot_memory memory[] = {{100 * MIB, 3 * GIB, BOOT_MEMORY_FREE, 0}};
	hpa_t base;
	uint64_t size;

	start(memory, 1);
	TAP_EQUAL(owner_find(GIB, &base, &size), HV_OK);
	TAP_EQUAL(base.value, GIB);
	TAP_EQUAL(size, GIB);
	TAP_EQUAL(owner_find(2 * GIB + 200 * MIB, &base, &size), HV_OK); /* whole beats aligned */
	TAP_EQUAL(base.value, 100 * MIB);
	TAP_EQUAL(size, 2 * GIB + 200 * MIB);
}

static const struct tap_case cases[] = {
	{"mixed frames are nobody's", mixed_frames_are_nobodys},
	{"a change is all or nothing", change_is_all_or_nothing},
	{"find prefers the tightest run", find_prefers_the_tightest_run},
	{"find uses 1 GiB boundaries", find_uses_giant_boundaries},
};

TAP_MAIN(cases)
