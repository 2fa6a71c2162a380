/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot 1 and 2: "Machine state" and "Boot information format" of either specification. */
#include "image.h"
#include "start_regs.h"

#include "addr.h"
#include "bits.h"
#include "check.h"
#include "str.h"

#define MB1_MAGIC       0x2badb002u
#define MB1_HAS_MEMORY  BIT32(0)
#define MB1_HAS_CMDLINE BIT32(2)
#define MB1_HAS_MODULES BIT32(3)
#define MB1_HAS_MAP     BIT32(6)

#define MB2_MAGIC        0x36d76289u
#define MB2_TAG_END      0u
#define MB2_TAG_CMDLINE  1u
#define MB2_TAG_MODULE   3u
#define MB2_TAG_MEMORY   4u
#define MB2_TAG_MAP      6u
#define MB2_TAG_RSDP_NEW 15u
#define MB2_ALIGN        8u
#define MB2_CMDLINE_MAX  2048u /* so that all tags fit their page */

#define RSDP_SIZE 36u
#define KIB       1024u

struct mb1_info {
	uint32_t flags;
	uint32_t memory_lower; /* KiB below 1 MiB, and from 1 MiB */
	uint32_t memory_upper;
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t module_count;
	uint32_t modules;
	uint32_t symbols[4];
	uint32_t map_size;
	uint32_t map;
	uint32_t rest[9];
};

struct mb1_module {
	uint32_t start;
	uint32_t end;
	uint32_t cmdline;
	uint32_t reserved;
};

struct mb1_map_entry {
	uint32_t size; /* of the rest */
	uint64_t base;
	uint64_t length;
	uint32_t type;
} __attribute__((packed));

struct mb1_page {
	struct mb1_info info;
	struct mb1_module module;
	struct mb1_map_entry map[IMAGE_MAP_MAX];
};

_Static_assert(sizeof(struct mb1_info) == 88, "Multiboot 1, Boot information format");
_Static_assert(sizeof(struct mb1_map_entry) == 24, "Multiboot 1, Boot information format");

/* KiB of RAM from 1 MiB up to the first hole. */
static uint32_t upper_memory(const struct image_work *work)
{
	return (uint32_t)(min_u64(work->input->memory_size, PLATFORM_RAM_LOW_LIMIT) / KIB - KIB);
}

static void set_start(struct image_work *work, uint32_t magic)
{
	work->image->start = start_protected32(work->kernel.entry);
	work->image->start.rax = magic;
	work->image->start.rbx = IMAGE_BOOT_INFO;
}

void image_multiboot1(struct image_work *work)
{
	struct image_map_entry map[IMAGE_MAP_MAX];
	uint32_t count = image_memory_map(work, map);
	struct mb1_page *page = image_low(work, IMAGE_BOOT_INFO);

	page->info = (struct mb1_info){
		.flags = MB1_HAS_MEMORY | MB1_HAS_CMDLINE | MB1_HAS_MODULES | MB1_HAS_MAP,
		.memory_lower = IMAGE_BASE_MEMORY_END / KIB,
		.memory_upper = upper_memory(work),
		.cmdline = IMAGE_CMDLINE,
		.map_size = count * (uint32_t)sizeof(struct mb1_map_entry),
		.map = IMAGE_BOOT_INFO + offsetof(struct mb1_page, map),
	};
	if (work->initrd != 0) {
		page->info.module_count = 1;
		page->info.modules = IMAGE_BOOT_INFO + offsetof(struct mb1_page, module);
		page->module.start = low32(work->initrd);
		page->module.end = low32(work->initrd + work->input->initrd_size);
	}
	for (uint32_t i = 0; i < count; i++) {
		page->map[i] = (struct mb1_map_entry){.size = sizeof(struct mb1_map_entry) -
							      sizeof(uint32_t),
						      .base = map[i].base,
						      .length = map[i].size,
						      .type = map[i].type};
	}
	set_start(work, MB1_MAGIC);
}

/* --- Multiboot 2: a list of tags, each 8-byte aligned ----------------------------------------- */

struct mb2_tag {
	uint32_t type;
	uint32_t size;
};

struct mb2_map_head {
	uint32_t entry_size;
	uint32_t entry_version;
};

struct mb2_map_entry {
	uint64_t base;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

_Static_assert(sizeof(struct mb2_map_entry) == 24, "Multiboot 2, Memory map");

/* Tags are written where they belong, one after the other. */
struct mb2_writer {
	uint8_t *page;
	uint32_t at;
};

/* A tag of two parts, either of which may be empty. */
static void write_tag(struct mb2_writer *writer, uint32_t type, const void *first,
		      size_t first_size, const void *second, size_t second_size)
{
	struct mb2_tag tag = {.type = type,
			      .size = (uint32_t)(sizeof(tag) + first_size + second_size)};
	uint8_t *to = writer->page + writer->at;

	CHECK(writer->at + tag.size <= PAGE_SIZE);
	memcpy(to, &tag, sizeof(tag));
	if (first_size > 0) {
		memcpy(to + sizeof(tag), first, first_size);
	}
	if (second_size > 0) {
		memcpy(to + sizeof(tag) + first_size, second, second_size);
	}
	writer->at = (uint32_t)align_up(writer->at + tag.size, MB2_ALIGN);
}

static void write_map(struct mb2_writer *writer, const struct image_work *work)
{
	struct mb2_map_head head = {.entry_size = sizeof(struct mb2_map_entry)};
	struct mb2_map_entry entries[IMAGE_MAP_MAX];
	struct image_map_entry map[IMAGE_MAP_MAX];
	uint32_t count = image_memory_map(work, map);

	for (uint32_t i = 0; i < count; i++) {
		entries[i] = (struct mb2_map_entry){map[i].base, map[i].size, map[i].type, 0};
	}
	write_tag(writer, MB2_TAG_MAP, &head, sizeof(head), entries, count * sizeof(entries[0]));
}

void image_multiboot2(struct image_work *work)
{
	struct mb2_writer writer = {.page = image_low(work, IMAGE_BOOT_INFO), .at = 8};
	const uint8_t *rsdp = work->input->blob + (IMAGE_LOW_END - IMAGE_LOW);
	uint32_t memory[2] = {IMAGE_BASE_MEMORY_END / KIB, upper_memory(work)};
	uint32_t module[2] = {low32(work->initrd), low32(work->initrd + work->input->initrd_size)};

	write_tag(&writer, MB2_TAG_CMDLINE, image_low(work, IMAGE_CMDLINE),
		  min_u64(work->input->cmdline_size, MB2_CMDLINE_MAX), "", 1);
	if (work->initrd != 0) {
		write_tag(&writer, MB2_TAG_MODULE, module, sizeof(module), "", 1);
	}
	write_tag(&writer, MB2_TAG_MEMORY, memory, sizeof(memory), NULL, 0);
	write_map(&writer, work);
	write_tag(&writer, MB2_TAG_RSDP_NEW, rsdp, RSDP_SIZE, NULL, 0);
	write_tag(&writer, MB2_TAG_END, NULL, 0, NULL, 0);
	memcpy(writer.page, &writer.at, sizeof(writer.at));
	set_start(work, MB2_MAGIC);
}
