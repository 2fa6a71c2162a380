/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: the map, RAM from end to end, zeroed at the start, and what lies outside it. */
#include "boot.h"
#include "cpu.h"
#include "paging.h"
#include "report.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define FOUR_GIB     (UINT64_C(1) << 32)
#define STRIDE       (UINT64_C(2) << 20)
#define PAGE         UINT64_C(4096)
#define LEGACY_FIRST UINT64_C(0xa0000)
#define LEGACY_LAST  UINT64_C(0xfffff)

extern uint8_t image_start[];
extern uint8_t image_end[];

/* Outside everything that a partition owns, below 4 GiB. */
static const uint64_t holes[] = {0xc0000000, 0xd0000000, 0xe0000000, 0xfec01000,
				 0xfed00000, 0xfee01000, 0xfffff000};

static volatile uint64_t *word_at(uint64_t address)
{
	return (volatile uint64_t *)(uintptr_t)address;
}

static void check_map(void)
{
	uint32_t bad_count = 0;

	for (uint32_t i = 0; i < boot_data.range_count; i++) {
		const struct boot_range *a = &boot_data.ranges[i];

		bad_count += a->size == 0 || a->base + a->size < a->base;
		for (uint32_t j = 0; j < i; j++) {
			const struct boot_range *b = &boot_data.ranges[j];

			bad_count += a->base < b->base + b->size && b->base < a->base + a->size;
		}
	}
	report_equal("map-sound", bad_count, 0);
	report_true("low-ram", boot_is_ram(0x1000) && boot_is_ram(0x7ffff));
	report_true("legacy-not-ram", !boot_is_ram(LEGACY_FIRST) && !boot_is_ram(LEGACY_LAST));
	report_true("apic-not-ram", !boot_is_ram(0xfee00000) && !boot_is_ram(0xfec00000));
}

static bool is_own(uint64_t address)
{
	return address >= (uintptr_t)image_start && address < (uintptr_t)image_end;
}

/* Calls visit for an address in every 2 MiB of RAM that is not the kernel's. */
static uint32_t for_each_stride(uint32_t (*visit)(uint64_t address))
{
	uint32_t wrong_count = 0;

	for (uint32_t i = 0; i < boot_data.range_count; i++) {
		const struct boot_range *range = &boot_data.ranges[i];

		for (uint64_t at = range->base;
		     range->type == BOOT_RAM && at < range->base + range->size;
		     at = (at | (STRIDE - 1)) + 1) {
			if (at >= FOUR_GIB) {
				paging_map_high(at);
			}
			if (at >= LEGACY_LAST && !is_own(at)) {
				wrong_count += visit(at);
			}
		}
	}
	return wrong_count;
}

/* Its own address into every stride, then all of them read back; the old words are XORed in, so
 * that nothing is lost. A stride that is another's frame, or none, shows. */
static uint64_t sums[2];

static uint32_t toggle(uint64_t address)
{
	*word_at(address) ^= ~address;
	return 0;
}

static uint32_t is_wrong(uint64_t address)
{
	volatile uint64_t *word = word_at(address + 8);
	uint64_t before = *word;
	bool is_right;

	*word = address;
	is_right = *word == address && *word_at(address) != address;
	*word = before;
	return !is_right;
}

static uint32_t sum_before(uint64_t address)
{
	sums[0] = sums[0] * 31 + (*word_at(address) ^ ~address);
	return 0;
}

static uint32_t sum_after(uint64_t address)
{
	sums[1] = sums[1] * 31 + *word_at(address);
	return 0;
}

static void check_pattern(void)
{
	for_each_stride(sum_before);
	for_each_stride(toggle);
	for_each_stride(sum_after);
	for_each_stride(toggle);
	report_equal("pattern", sums[1], sums[0]);
	report_equal("strides-hold", for_each_stride(is_wrong), 0);
}

static bool is_boot_page(uint64_t page)
{
	for (uint32_t i = 0; i < BOOT_SOURCE_MAX; i++) {
		if (boot_data.sources[i] >> 12 == page >> 12) {
			return true;
		}
	}
	return page + PAGE > boot_data.module_base &&
	       page < boot_data.module_base + boot_data.module_size;
}

static bool is_zero_page(uint64_t page)
{
	uint64_t count = PAGE / 8;
	uint64_t at = page;

	__asm__ volatile("repe scasq" : "+D"(at), "+c"(count) : "a"(0) : "cc", "memory");
	return count == 0 && *word_at(page + PAGE - 8) == 0;
}

/* From the end of the image up: no byte of an earlier owner. */
static void check_zeroed(void)
{
	uint64_t end = boot_ram_end(FOUR_GIB);
	uint64_t first = ((uintptr_t)image_end + PAGE - 1) & ~(PAGE - 1);
	uint32_t dirty_count = 0;
	uint64_t dirty = 0;

	for (uint64_t page = first; page < end; page += PAGE) {
		if (!is_boot_page(page) && !is_zero_page(page)) {
			dirty_count++;
			dirty = page;
		}
	}
	if (dirty_count != 0) {
		report_fail("zeroed", "%u pages are not, the last at 0x%llx", dirty_count,
			    (unsigned long long)dirty);
	} else {
		report_true("zeroed", true);
	}
}

static uint32_t probe_hole(uint64_t hole)
{
	volatile uint8_t *bytes = (volatile uint8_t *)(uintptr_t)hole;
	uint32_t wrong_count = 0;

	wrong_count += *word_at(hole) != UINT64_MAX;
	wrong_count += *(volatile uint32_t *)(uintptr_t)(hole + 16) != UINT32_MAX;
	wrong_count += *(volatile uint16_t *)(uintptr_t)(hole + 32) != UINT16_MAX;
	wrong_count += bytes[100] != UINT8_MAX;
	*word_at(hole) = 0;
	bytes[64] = 0;
	wrong_count += *word_at(hole) != UINT64_MAX;
	wrong_count += bytes[64] != UINT8_MAX;
	return wrong_count;
}

static void check_holes(void)
{
	uint64_t end = boot_ram_end(FOUR_GIB);
	uint32_t wrong_count = 0;

	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		wrong_count += probe_hole(holes[i]);
	}
	report_equal("holes", wrong_count, 0);
	if (end < UINT64_C(0xc0000000)) {
		report_equal("hole-after-ram", probe_hole(end), 0);
	}
	if (boot_ram_end(UINT64_MAX) < FOUR_GIB) {
		paging_map_high(FOUR_GIB);
		report_equal("hole-above-4g", probe_hole(FOUR_GIB), 0);
	}
}

/* An access of which one half is RAM: the partition goes on, the other half reads as ones. */
static void check_ram_end(void)
{
	uint64_t end = boot_ram_end(FOUR_GIB);
	volatile uint32_t *last = (volatile uint32_t *)(uintptr_t)(end - 4);
	uint32_t before = *last;

	*last = 0x12345678;
	report_equal("ram-end-last-word", *last, 0x12345678);
	if (end < UINT64_C(0xc0000000)) {
		report_equal("ram-end-crossing", *word_at(end - 4) >> 32, UINT32_MAX);
		*word_at(end - 4) = UINT64_C(0x1122334455667788);
		report_equal("ram-end-crossing-write", *word_at(end - 4) >> 32, UINT32_MAX);
	}
	*last = before;
}

void test_memory(void)
{
	check_map();
	if (report_needs_bulkhead("zeroed")) {
		check_zeroed();
	}
	check_pattern();
	if (report_needs_bulkhead("holes")) {
		check_holes();
		check_ram_end();
	}
}
