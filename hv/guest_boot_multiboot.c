/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot 1 and 2: "Machine state" and "Boot information format" of either specification. */
#include "guest_boot.h"

#include "bits.h"
#include "hv/guest_mem.h"
#include "str.h"

#define MB1_MAGIC 0x2badb002u
#define MB1_HAS_MEMORY BIT32(0)
#define MB1_HAS_CMDLINE BIT32(2)
#define MB1_HAS_MODULES BIT32(3)
#define MB1_HAS_MAP BIT32(6)

#define MB2_MAGIC 0x36d76289u
#define MB2_TAG_END 0u
#define MB2_TAG_CMDLINE 1u
#define MB2_TAG_MODULE 3u
#define MB2_TAG_MEMORY 4u
#define MB2_TAG_MAP 6u
#define MB2_TAG_RSDP_NEW 15u
#define MB2_ALIGN 8u

#define RSDP_SIZE 36u
#define KIB 1024u

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
	struct mb1_map_entry map[GUEST_MAP_MAX];
};

_Static_assert(sizeof(struct mb1_info) == 88, "Multiboot 1, Boot information format");
_Static_assert(sizeof(struct mb1_map_entry) == 24, "Multiboot 1, Boot information format");

/* KiB of RAM from 1 MiB up to the first hole. */
static uint32_t upper_memory(const struct vm *vm)
{
	return (uint32_t)((min_u64(vm->memory_size, VM_LOW_LIMIT) >> 10) - KIB);
}

static void set_start(struct guest_boot *boot, uint32_t magic)
{
	boot->vm->start = (struct vcpu_start_state){.how = VCPU_START_PROTECTED32,
						    .rip = boot->image->entry,
						    .rax = magic,
						    .rbx = GUEST_BOOT_INFO};
}

static enum hv_status place(struct guest_boot *boot)
{
	uint64_t end;
	enum hv_status status = guest_boot_place_segments(boot, &end);

	return status == HV_OK ? guest_boot_place_initrd(boot, end, UINT32_MAX) : status;
}

enum hv_status guest_boot_multiboot1(struct guest_boot *boot)
{
	struct guest_map_entry map[GUEST_MAP_MAX];
	uint32_t count = guest_boot_memory_map(boot->vm, map);
	struct mb1_page page = {
		.info = {.flags = MB1_HAS_MEMORY | MB1_HAS_CMDLINE | MB1_HAS_MODULES | MB1_HAS_MAP,
			 .memory_lower = GUEST_LOW_END / KIB,
			 .memory_upper = upper_memory(boot->vm),
			 .cmdline = GUEST_CMDLINE,
			 .map_size = count * (uint32_t)sizeof(struct mb1_map_entry),
			 .map = GUEST_BOOT_INFO + offsetof(struct mb1_page, map)},
	};
	enum hv_status status = place(boot);

	if (status != HV_OK) {
		return status;
	}
	if (boot->initrd != NULL) {
		page.info.module_count = 1;
		page.info.modules = GUEST_BOOT_INFO + offsetof(struct mb1_page, module);
		page.module.start = low32(boot->initrd_at.value);
		page.module.end = low32(boot->initrd_at.value + boot->initrd_size);
	}
	for (uint32_t i = 0; i < count; i++) {
		page.map[i] = (struct mb1_map_entry){
			.size = sizeof(struct mb1_map_entry) - sizeof(uint32_t),
			.base = map[i].base,
			.length = map[i].size,
			.type = map[i].type};
	}
	set_start(boot, MB1_MAGIC);
	return guest_mem_write(&boot->vm->arch, gpa_from_u64(GUEST_BOOT_INFO), &page, sizeof(page));
}

/* --- Multiboot 2: a list of tags, each 8-byte aligned ----------------------------------------- */

struct mb2_tag {
	uint32_t type;
	uint32_t size;
};

/* Tags are written where they belong, one after the other; `at` is the next free offset. */
struct mb2_writer {
	const struct vm_arch *vm;
	uint32_t at;
	enum hv_status status;
};

static void write_bytes(struct mb2_writer *writer, uint32_t offset, const void *bytes, size_t size)
{
	if (writer->status == HV_OK && size > 0) {
		writer->status = offset + size <= PAGE_SIZE
					 ? guest_mem_write(writer->vm,
							   gpa_from_u64(GUEST_BOOT_INFO + offset),
							   bytes, size)
					 : HV_NO_MEMORY;
	}
}

/* A tag of two parts, either of which may be empty. */
static void write_tag(struct mb2_writer *writer, uint32_t type, const void *body, size_t body_size,
		      const void *items, size_t items_size)
{
	struct mb2_tag tag = {.type = type,
			      .size = (uint32_t)(sizeof(tag) + body_size + items_size)};

	write_bytes(writer, writer->at, &tag, sizeof(tag));
	write_bytes(writer, writer->at + (uint32_t)sizeof(tag), body, body_size);
	write_bytes(writer, writer->at + (uint32_t)(sizeof(tag) + body_size), items, items_size);
	writer->at = (uint32_t)align_up(writer->at + tag.size, MB2_ALIGN);
}

static void write_map(struct mb2_writer *writer, const struct vm *vm)
{
	struct {
		uint32_t entry_size;
		uint32_t entry_version;
	} head = {.entry_size = 24};
	struct {
		uint64_t base;
		uint64_t size;
		uint32_t type;
		uint32_t reserved;
	} entries[GUEST_MAP_MAX];
	struct guest_map_entry map[GUEST_MAP_MAX];
	uint32_t count = guest_boot_memory_map(vm, map);

	_Static_assert(sizeof(entries[0]) == 24, "Multiboot 2, Memory map");
	memset(entries, 0, sizeof(entries));
	for (uint32_t i = 0; i < count; i++) {
		entries[i].base = map[i].base;
		entries[i].size = map[i].size;
		entries[i].type = map[i].type;
	}
	write_tag(writer, MB2_TAG_MAP, &head, sizeof(head), entries, count * sizeof(entries[0]));
}

static void write_copied(struct mb2_writer *writer, uint32_t type, gpa_t from, size_t size)
{
	uint8_t bytes[256];

	size = min_u64(size, sizeof(bytes));
	if (writer->status == HV_OK) {
		writer->status = guest_mem_read(writer->vm, from, bytes, size);
	}
	write_tag(writer, type, bytes, size, NULL, 0);
}

enum hv_status guest_boot_multiboot2(struct guest_boot *boot)
{
	struct mb2_writer writer = {.vm = &boot->vm->arch, .at = sizeof(uint64_t)};
	uint32_t memory[2] = {GUEST_LOW_END / KIB, upper_memory(boot->vm)};
	uint32_t module[2];
	uint32_t total[2] = {0, 0};
	enum hv_status status = place(boot);

	if (status != HV_OK) {
		return status;
	}
	write_copied(&writer, MB2_TAG_CMDLINE, gpa_from_u64(GUEST_CMDLINE), boot->cmdline_size + 1);
	if (boot->initrd != NULL) {
		module[0] = low32(boot->initrd_at.value);
		module[1] = low32(boot->initrd_at.value + boot->initrd_size);
		write_tag(&writer, MB2_TAG_MODULE, module, sizeof(module), "", 1);
	}
	write_tag(&writer, MB2_TAG_MEMORY, memory, sizeof(memory), NULL, 0);
	write_map(&writer, boot->vm);
	write_copied(&writer, MB2_TAG_RSDP_NEW, gpa_from_u64(GUEST_ACPI), RSDP_SIZE);
	write_tag(&writer, MB2_TAG_END, NULL, 0, NULL, 0);
	total[0] = writer.at;
	write_bytes(&writer, 0, total, sizeof(total));
	set_start(boot, MB2_MAGIC);
	return writer.status;
}
