/* SPDX-License-Identifier: Apache-2.0 */
/* Linux: Documentation/x86/boot.rst, "64-bit Boot Protocol". */
#include "image.h"
#include "start_regs.h"

#include "addr.h"
#include "bits.h"
#include "check.h"
#include "linux_boot.h"
#include "str.h"

#define TABLE_ENTRIES          512u
#define TABLE_PRESENT_WRITABLE UINT64_C(0x3)
#define TABLE_LARGE            BIT(7)
#define LEVEL2_TABLES          4u /* 4 GiB: all that a kernel may touch before it has tables of its own */

/* Flat segments at the selectors that the protocol names: __BOOT_CS 0x10, __BOOT_DS 0x18. */
static const uint64_t gdt[] = {0, 0, UINT64_C(0x00af9a000000ffff), UINT64_C(0x00cf92000000ffff)};

/* Identity map of the first 4 GiB. */
static void write_page_tables(const struct image_work *work)
{
	uint64_t *root = image_low(work, IMAGE_PAGE_TABLES);
	uint64_t *level3 = root + TABLE_ENTRIES;
	uint64_t *level2 = level3 + TABLE_ENTRIES;

	root[0] = (IMAGE_PAGE_TABLES + PAGE_SIZE) | TABLE_PRESENT_WRITABLE;
	for (uint64_t i = 0; i < LEVEL2_TABLES; i++) {
		level3[i] = (IMAGE_PAGE_TABLES + (2 + i) * PAGE_SIZE) | TABLE_PRESENT_WRITABLE;
	}
	for (uint64_t i = 0; i < LEVEL2_TABLES * TABLE_ENTRIES; i++) {
		level2[i] = i * FRAME_SIZE | TABLE_PRESENT_WRITABLE | TABLE_LARGE;
	}
}

void image_linux(struct image_work *work)
{
	struct image_map_entry map[IMAGE_MAP_MAX];
	struct linux_e820 e820[IMAGE_MAP_MAX];
	uint32_t count = image_memory_map(work, map);
	struct linux_boot_input input = {
		.image = work->input->kernel,
		.image_size = work->input->kernel_size,
		.load_address = work->kernel.start,
		.cmdline = IMAGE_CMDLINE,
		.initrd = work->initrd,
		.initrd_size = work->input->initrd_size,
		.rsdp = IMAGE_ACPI,
		.e820 = e820,
		.e820_count = count,
	};

	for (uint32_t i = 0; i < count; i++) {
		e820[i] = (struct linux_e820){map[i].base, map[i].size, map[i].type};
	}
	/* Parsed and placed: nothing is left that it could refuse. */
	CHECK(linux_boot_build(&input, image_low(work, IMAGE_BOOT_INFO)) == HV_OK);
	memcpy(image_low(work, IMAGE_GDT), gdt, sizeof(gdt));
	write_page_tables(work);
	work->image->start =
		start_long64(work->kernel.start + LINUX_ENTRY_64, IMAGE_PAGE_TABLES, IMAGE_GDT);
	work->image->start.rsi = IMAGE_BOOT_INFO;
}
