/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of PVH, multiboot 1 and multiboot 2 boot information. */
#include "boot.h"

#include "str.h"

#define MB1_INFO_CMDLINE (1u << 2)
#define MB1_INFO_MODULES (1u << 3)
#define MB1_INFO_MMAP    (1u << 6)
#define MB2_TAG_END      0u
#define MB2_TAG_CMDLINE  1u
#define MB2_TAG_MODULE   3u
#define MB2_TAG_MMAP     6u
#define MB2_TAG_ACPI_OLD 14u
#define MB2_TAG_ACPI_NEW 15u

/* Xen, "x86/HVM direct boot ABI". */
struct pvh_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t module_count;
	uint64_t modules;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t memmap; /* version 1 */
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct pvh_entry {
	uint64_t base;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

struct mb1_entry {
	uint32_t entry_size; /* without itself */
	uint32_t base_low;
	uint32_t base_high;
	uint32_t size_low;
	uint32_t size_high;
	uint32_t type;
};

struct mb2_tag {
	uint32_t type;
	uint32_t size;
};

struct boot_data boot_data;

static const void *at(uint64_t address)
{
	return (const void *)(uintptr_t)address;
}

static void add_range(uint64_t base, uint64_t size, uint32_t type)
{
	if (boot_data.range_count < BOOT_RANGE_MAX) {
		boot_data.ranges[boot_data.range_count++] = (struct boot_range){base, size, type};
	}
}

static void add_source(uint64_t address)
{
	static uint32_t count;

	if (count < BOOT_SOURCE_MAX) {
		boot_data.sources[count++] = address;
	}
}

static void copy_cmdline(uint64_t address)
{
	const char *text = at(address);
	size_t i = 0;

	if (address == 0) {
		return;
	}
	add_source(address);
	for (; i < BOOT_CMDLINE_MAX - 1 && text[i] != '\0'; i++) {
		boot_data.cmdline[i] = text[i];
	}
	boot_data.cmdline[i] = '\0';
}

static void read_pvh(uint64_t address)
{
	const struct pvh_info *info = at(address);
	const struct pvh_entry *entries = at(info->memmap);

	boot_data.protocol = "pvh";
	copy_cmdline(info->cmdline);
	boot_data.rsdp = info->rsdp;
	add_source(info->memmap);
	for (uint32_t i = 0; info->version >= 1 && i < info->memmap_entries; i++) {
		add_range(entries[i].base, entries[i].size, entries[i].type);
	}
	if (info->module_count > 0) {
		const uint64_t *module = at(info->modules);

		add_source(info->modules);
		boot_data.module_base = module[0];
		boot_data.module_size = module[1];
	}
}

static void read_mb1(uint64_t address)
{
	const uint32_t *info = at(address);
	uint32_t flags = info[0];

	boot_data.protocol = "multiboot1";
	if (flags & MB1_INFO_CMDLINE) {
		copy_cmdline(info[4]);
	}
	if ((flags & MB1_INFO_MODULES) && info[5] > 0) {
		const uint32_t *module = at(info[6]);

		boot_data.module_base = module[0];
		boot_data.module_size = module[1] - module[0];
	}
	for (uint32_t offset = 0; (flags & MB1_INFO_MMAP) && offset < info[11];) {
		const struct mb1_entry *entry = at((uint64_t)info[12] + offset);

		add_range((uint64_t)entry->base_high << 32 | entry->base_low,
			  (uint64_t)entry->size_high << 32 | entry->size_low, entry->type);
		offset += entry->entry_size + 4;
	}
}

static void read_mb2_map(const struct mb2_tag *tag)
{
	const uint32_t *words = (const uint32_t *)tag;
	uint32_t entry_size = words[2];

	for (uint32_t offset = 16; entry_size > 0 && offset + entry_size <= tag->size;
	     offset += entry_size) {
		const struct pvh_entry *entry = at((uintptr_t)tag + offset);

		add_range(entry->base, entry->size, entry->type);
	}
}

static void read_mb2(uint64_t address)
{
	uint32_t total = *(const uint32_t *)at(address);

	boot_data.protocol = "multiboot2";
	for (uint32_t offset = 8; offset < total;) {
		const struct mb2_tag *tag = at(address + offset);
		const uint32_t *words = (const uint32_t *)tag;

		if (tag->type == MB2_TAG_END) {
			break;
		}
		if (tag->type == MB2_TAG_CMDLINE) {
			copy_cmdline(address + offset + sizeof(*tag));
		} else if (tag->type == MB2_TAG_MODULE && boot_data.module_size == 0) {
			boot_data.module_base = words[2];
			boot_data.module_size = words[3] - words[2];
		} else if (tag->type == MB2_TAG_MMAP) {
			read_mb2_map(tag);
		} else if (tag->type == MB2_TAG_ACPI_NEW ||
			   (tag->type == MB2_TAG_ACPI_OLD && boot_data.rsdp == 0)) {
			boot_data.rsdp = address + offset + sizeof(*tag);
		}
		offset += (tag->size + 7) & ~7u;
	}
}

bool boot_read(uint32_t magic, uint64_t information)
{
	add_source(information);
	switch (magic) {
	case BOOT_MAGIC_PVH:
		read_pvh(information);
		return true;
	case BOOT_MAGIC_MB1:
		read_mb1(information);
		return true;
	case BOOT_MAGIC_MB2:
		read_mb2(information);
		return true;
	default:
		return false;
	}
}

/* Start of the value, when the word at `text` is `key=`. */
static const char *match_key(const char *text, const char *key)
{
	size_t length = str_length(key);

	for (size_t i = 0; i < length; i++) {
		if (text[i] != key[i]) {
			return NULL;
		}
	}
	return text[length] == '=' ? text + length + 1 : NULL;
}

bool boot_option(const char *key, char *value, size_t size)
{
	const char *text = boot_data.cmdline;
	bool is_word_start = true;

	for (; *text != '\0'; text++) {
		const char *found = is_word_start ? match_key(text, key) : NULL;

		if (found != NULL) {
			size_t i = 0;

			for (; i + 1 < size && found[i] != '\0' && found[i] != ' '; i++) {
				value[i] = found[i];
			}
			value[i] = '\0';
			return true;
		}
		is_word_start = *text == ' ';
	}
	return false;
}

uint64_t boot_option_number(const char *key, uint64_t otherwise)
{
	char text[24];
	uint64_t number = 0;

	if (!boot_option(key, text, sizeof(text))) {
		return otherwise;
	}
	for (const char *c = text; *c >= '0' && *c <= '9'; c++) {
		number = number * 10 + (uint64_t)(*c - '0');
	}
	return number;
}

uint64_t boot_ram_end(uint64_t limit)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < boot_data.range_count; i++) {
		const struct boot_range *range = &boot_data.ranges[i];
		uint64_t range_end = range->base + range->size;

		if (range->type == BOOT_RAM && range_end <= limit && range_end > end) {
			end = range_end;
		}
	}
	return end;
}

bool boot_is_ram(uint64_t address)
{
	bool is_ram = false;

	for (uint32_t i = 0; i < boot_data.range_count; i++) {
		const struct boot_range *range = &boot_data.ranges[i];

		if (address >= range->base && address - range->base < range->size) {
			is_ram = range->type == BOOT_RAM;
			if (!is_ram) {
				return false;
			}
		}
	}
	return is_ram;
}
