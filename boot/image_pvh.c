/* SPDX-License-Identifier: Apache-2.0 */
/* PVH: xen/include/public/arch-x86/hvm/start_info.h, "PVH guest boot protocol" in Xen's docs. */
#include "image.h"
#include "start_regs.h"

#include "addr.h"

#define START_INFO_MAGIC   0x336ec578u
#define START_INFO_VERSION 1u

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t module_count;
	uint64_t modules;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t memory_map;
	uint32_t memory_map_count;
	uint32_t reserved;
};

struct start_module {
	uint64_t base;
	uint64_t size;
	uint64_t cmdline;
	uint64_t reserved;
};

struct start_memory {
	uint64_t base;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

_Static_assert(sizeof(struct start_info) == 56, "start_info.h");
_Static_assert(sizeof(struct start_module) == 32, "start_info.h");
_Static_assert(sizeof(struct start_memory) == 24, "start_info.h");

/* All of it in one page. */
struct page {
	struct start_info info;
	struct start_module module;
	struct start_memory memory[IMAGE_MAP_MAX];
};

_Static_assert(sizeof(struct page) <= PAGE_SIZE, "start info fits its page");

void image_pvh(struct image_work *work)
{
	struct image_map_entry map[IMAGE_MAP_MAX];
	uint32_t count = image_memory_map(work, map);
	struct page *page = image_low(work, IMAGE_BOOT_INFO);

	page->info = (struct start_info){
		.magic = START_INFO_MAGIC,
		.version = START_INFO_VERSION,
		.cmdline = IMAGE_CMDLINE,
		.rsdp = IMAGE_ACPI,
		.memory_map = IMAGE_BOOT_INFO + offsetof(struct page, memory),
		.memory_map_count = count,
	};
	if (work->initrd != 0) {
		page->info.module_count = 1;
		page->info.modules = IMAGE_BOOT_INFO + offsetof(struct page, module);
		page->module = (struct start_module){.base = work->initrd,
						     .size = work->input->initrd_size};
	}
	for (uint32_t i = 0; i < count; i++) {
		page->memory[i] = (struct start_memory){
			.base = map[i].base, .size = map[i].size, .type = map[i].type};
	}
	work->image->start = start_protected32(work->kernel.entry);
	work->image->start.rbx = IMAGE_BOOT_INFO;
}
