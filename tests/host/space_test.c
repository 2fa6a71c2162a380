/* SPDX-License-Identifier: Apache-2.0 */
/* boot/space.c and space_abi.h: the hypervisor's address space is as drawn. */
/* Links: boot/space.c boot/pagetable.c */
#include "space.h"

#include "elf_format.h"
#include "regs.h"
#include "space_abi.h"
#include "tap.h"

#include <string.h>

#define PTE_PAT_4K    BIT(7) /* in a 4 KiB leaf */
#define PTE_G         BIT(8)
#define PTE_PAT_LARGE BIT(12) /* in a 2 MiB or 1 GiB leaf */

#define TABLES        (SPACE_TABLES_MAX + 1) /* the image ends in its second frame */
#define REGION        UINT64_C(0x7fe00000)
#define REGION_SIZE   (4 * FRAME_SIZE)
#define PRIVATE_PAGES (REGION + 3 * FRAME_SIZE)
#define TRAMPOLINE    UINT64_C(0x9f000)
#define XAPIC         UINT64_C(0xfee00000)
#define NOWHERE       UINT64_MAX
#define ACCESS        (PTE_W | PTE_NX)

static _Alignas(4096) uint8_t pages[TABLES][4096];
static struct space space;

/* Code, constants, a hole of one page, data to beyond the first frame. */
static const struct elf_load image = {
	.image_size = FRAME_SIZE + 0x3000,
	.segment_count = 3,
	.segments = {{.region_offset = 0x3000, .memory_size = 0x1001},
		     {.region_offset = 0, .memory_size = 0x3000, .flags = ELF_FLAG_EXECUTE},
		     {.region_offset = 0x6000,
		      .memory_size = FRAME_SIZE - 0x3000,
		      .flags = ELF_FLAG_WRITE}},
};

static void build(uint32_t cpu_count)
{
	memset(pages, 0xa5, sizeof(pages));
	space = (struct space){
		.image = &image,
		.region = REGION,
		.region_size = REGION_SIZE,
		.private_pages = PRIVATE_PAGES,
		.cpu_count = cpu_count,
		.trampoline = TRAMPOLINE,
		.xapic = XAPIC,
		.pool = {(uint64_t)pages, (uint64_t)pages + sizeof(pages)},
	};
	TAP_EQUAL(space_build(&space), HV_OK);
}

/* Where an address leads, and by which entry; NOWHERE. */
static uint64_t target(const uint64_t *root, uint64_t address, uint64_t *entry)
{
	const uint64_t *entries = root;

	for (uint32_t level = 4; level > 0; level--) {
		*entry = entries[address >> (12 + 9 * (level - 1)) & 511];
		if ((*entry & PTE_P) == 0) {
			return NOWHERE;
		}
		if (level == 1) {
			return (*entry & PTE_ADDRESS) + (address & (PAGE_SIZE - 1));
		}
		if (level == 2 && (*entry & PTE_PS) != 0) {
			return (*entry & MASK64(51, 21)) + (address & (FRAME_SIZE - 1));
		}
		entries = (const uint64_t *)(*entry & PTE_ADDRESS);
	}
	return NOWHERE;
}

static uint64_t access_at(uint64_t address)
{
	uint64_t entry = 0;

	return target(space.root, address, &entry) == NOWHERE ? NOWHERE : entry & ACCESS;
}

static void test_region(void)
{
	uint64_t entry = 0;
	uint32_t wrong = 0;

	build(1);
	for (uint64_t at = 0; at < REGION_SIZE; at += PAGE_SIZE) {
		uint64_t wanted = at < 0x3000 ? 0 : at < 0x5000 ? PTE_NX : PTE_W | PTE_NX;

		wrong += target(space.root, HV_VIRT_BASE + at, &entry) != REGION + at ? 1 : 0;
		wrong += (entry & ACCESS) != wanted ? 1 : 0;
		/* Large pages behind the frames that the image is in. */
		wrong += at >= 2 * FRAME_SIZE && (entry & PTE_PS) == 0 ? 1 : 0;
	}
	TAP_EQUAL(wrong, 0);
	TAP_EQUAL(access_at(HV_VIRT_BASE + REGION_SIZE), NOWHERE);
	TAP_EQUAL(access_at(HV_VIRT_BASE - 1), NOWHERE);
	TAP_EQUAL(access_at(UINT64_MAX), NOWHERE);
}

/* Stacks of every CPU: mapped, apart from each other, an unmapped page below each. */
static void test_slots(void)
{
	static uint8_t seen[CONFIG_CPU_MAX * SPACE_PRIVATE_PAGES];
	uint32_t found = 0;
	uint32_t wrong = 0;

	build(CONFIG_CPU_MAX);
	for (uint64_t at = SPACE_STACK_BASE; at < SPACE_DEVICE_BASE; at += PAGE_SIZE) {
		uint64_t entry = 0;
		uint64_t page = target(space.root, at, &entry);

		if (page != NOWHERE) {
			found++;
			wrong += (entry & ACCESS) != (PTE_W | PTE_NX) ? 1 : 0;
			wrong += seen[(page - PRIVATE_PAGES) / PAGE_SIZE]++ != 0 ? 1 : 0;
		}
	}
	TAP_EQUAL(found, CONFIG_CPU_MAX * SPACE_PRIVATE_PAGES);
	for (uint32_t cpu = 0; cpu < CONFIG_CPU_MAX; cpu++) {
		for (uint32_t ist = 0; ist <= SPACE_IST_COUNT; ist++) {
			uint64_t top = ist == 0 ? space_stack_top(cpu) : space_ist_top(cpu, ist);
			uint64_t size = (ist == 0 ? SPACE_STACK_PAGES : 1) * PAGE_SIZE;

			for (uint64_t at = top - size; at < top; at += PAGE_SIZE) {
				wrong += access_at(at) == NOWHERE ? 1 : 0;
			}
			wrong += access_at(top - size - 1) != NOWHERE ? 1 : 0;
			wrong += access_at(top) != NOWHERE ? 1 : 0;
		}
		wrong += access_at(space_tables(cpu)) == NOWHERE ? 1 : 0;
		wrong += access_at(space_tables(cpu) - 1) != NOWHERE ? 1 : 0;
	}
	TAP_EQUAL(wrong, 0);
	build(2);
	TAP_EQUAL(access_at(space_stack_top(1) - 1), PTE_W | PTE_NX);
	TAP_EQUAL(access_at(space_stack_top(2) - 1), NOWHERE);
}

static void test_windows(void)
{
	uint64_t entry = 0;

	build(1);
	for (uint32_t i = 0; i < CONFIG_CPU_MAX * SPACE_WINDOW_SLOTS; i++) {
		TAP_EQUAL(space.windows[i], 0);
	}
	TAP_CHECK(space_window(CONFIG_CPU_MAX - 1, SPACE_WINDOW_SLOTS - 1) + FRAME_SIZE ==
		  SPACE_STACK_BASE);
	space.windows[3 * SPACE_WINDOW_SLOTS + 1] = 0x40000000 | PTE_P | PTE_PS;
	TAP_EQUAL(target(space.root, space_window(3, 1) + 5, &entry), 0x40000005);
}

static void test_start_root(void)
{
	uint64_t entry = 0;

	build(1);
	TAP_EQUAL(access_at(TRAMPOLINE), NOWHERE);
	TAP_EQUAL(target(space.start_root, TRAMPOLINE, &entry), TRAMPOLINE);
	TAP_EQUAL(entry & (PTE_W | PTE_NX | PTE_G), 0);
	TAP_EQUAL(target(space.start_root, TRAMPOLINE - 1, &entry), NOWHERE);
	TAP_EQUAL(target(space.start_root, TRAMPOLINE + PAGE_SIZE, &entry), NOWHERE);
	TAP_EQUAL(target(space.start_root, HV_VIRT_BASE + 5, &entry), REGION + 5);
	TAP_EQUAL(target(space.start_root, space_stack_top(0) - 1, &entry), PRIVATE_PAGES + 0x3fff);
}

static void test_devices(void)
{
	uint64_t first;
	uint64_t second;
	uint64_t entry = 0;

	build(1);
	TAP_EQUAL(target(space.root, SPACE_XAPIC + 0x20, &entry), XAPIC + 0x20);
	TAP_EQUAL(entry & (ACCESS | PTE_PCD | PTE_PWT), ACCESS | PTE_PCD | PTE_PWT);
	first = space_map(&space, 0xfec00010, 0x20, PAGETABLE_W, PAGETABLE_UC);
	TAP_EQUAL(target(space.root, first, &entry), 0xfec00010);
	TAP_EQUAL(entry & (ACCESS | PTE_PCD | PTE_PWT), ACCESS | PTE_PCD | PTE_PWT);
	/* Aligned modules are mapped by large pages, whatever went before. */
	second = space_map(&space, 40 * FRAME_SIZE, 256 * FRAME_SIZE, 0, PAGETABLE_WB);
	TAP_CHECK(second >= first + 0x20);
	TAP_EQUAL(target(space.root, second + 256 * FRAME_SIZE - 1, &entry), 296 * FRAME_SIZE - 1);
	TAP_EQUAL(entry & (ACCESS | PTE_PS), PTE_NX | PTE_PS);
	first = space_map(&space, 0x80001000, 2 * FRAME_SIZE, PAGETABLE_W, PAGETABLE_WC);
	TAP_CHECK(first >= second + 256 * FRAME_SIZE);
	TAP_EQUAL(target(space.root, first + FRAME_SIZE, &entry), 0x80001000 + FRAME_SIZE);
	TAP_EQUAL(entry & (ACCESS | PTE_PS | PTE_PAT_LARGE), ACCESS | PTE_PS | PTE_PAT_LARGE);
	TAP_EQUAL(target(space.root, first, &entry), 0x80001000);
	TAP_EQUAL(entry & (ACCESS | PTE_PAT_4K), ACCESS | PTE_PAT_4K);
	space.xapic = 0;
}

static void test_no_room(void)
{
	build(1);
	TAP_EQUAL(space_map(&space, 0, 0, 0, PAGETABLE_WB), 0);
	TAP_EQUAL(space_map(&space, UINT64_MAX, 2, 0, PAGETABLE_WB), 0);
	TAP_EQUAL(space_map(&space, 0, GIANT_SIZE, 0, PAGETABLE_WB), 0);
	TAP_EQUAL(space_map(&space, 0, SPACE_DEVICE_END - SPACE_DEVICE_BASE, 0, PAGETABLE_WB), 0);
	TAP_CHECK(space_map(&space, 0, 0x1000, 0, PAGETABLE_WB) != 0);
	for (uint32_t count = 0; count < 10; count++) {
		space.pool.next = (uint64_t)pages;
		space.pool.end = (uint64_t)pages[count];
		TAP_EQUAL(space_build(&space), HV_NO_MEMORY);
	}
}

/* A CPU with x2APIC: its page stays unmapped. */
static void test_x2apic(void)
{
	build(1);
	memset(pages, 0xa5, sizeof(pages));
	space.xapic = 0;
	space.pool.next = (uint64_t)pages;
	TAP_EQUAL(space_build(&space), HV_OK);
	TAP_EQUAL(access_at(SPACE_XAPIC), NOWHERE);
	TAP_CHECK(space_map(&space, 0x1000, 1, 0, PAGETABLE_WB) > SPACE_XAPIC);
}

static const struct tap_case cases[] = {
	{"the region is linear, each page with its segment's access", test_region},
	{"every stack has an unmapped page below it", test_slots},
	{"windows are closed, their entries where the hypervisor writes", test_windows},
	{"the start root adds the trampoline and nothing else", test_start_root},
	{"devices and modules", test_devices},
	{"what does not fit is not mapped", test_no_room},
	{"no xAPIC page beside x2APIC", test_x2apic},
};
TAP_MAIN(cases)
