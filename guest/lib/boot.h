/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot protocol told: command line, memory map, ACPI root, modules. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT_MAGIC_PVH 0x336ec578u /* start.asm puts it there */
#define BOOT_MAGIC_MB1 0x2badb002u
#define BOOT_MAGIC_MB2 0x36d76289u

#define BOOT_RANGE_MAX   16u
#define BOOT_CMDLINE_MAX 512u
#define BOOT_RAM         1u
#define BOOT_SOURCE_MAX  4u

struct boot_range {
	uint64_t base;
	uint64_t size;
	uint32_t type; /* E820: 1 = RAM, 2 = reserved, 3 = ACPI */
};

struct boot_data {
	const char *protocol; /* "pvh", "multiboot1", "multiboot2" */
	char cmdline[BOOT_CMDLINE_MAX];
	struct boot_range ranges[BOOT_RANGE_MAX];
	uint32_t range_count;
	uint64_t rsdp;        /* 0: not told */
	uint64_t module_base; /* of the first module */
	uint64_t module_size;
	uint64_t sources[BOOT_SOURCE_MAX]; /* where all this was read; 0: unused */
};

extern struct boot_data boot_data;

/* Copies everything out of the loader's structures. false: unknown magic. */
bool boot_read(uint32_t magic, uint64_t information);

/* Value of `key=value` on the command line, copied; false: not there. */
bool boot_option(const char *key, char *value, size_t size);

/* The same as a number, decimal; `otherwise` when not there. */
uint64_t boot_option_number(const char *key, uint64_t otherwise);

/* Highest RAM address + 1, below `limit`. */
uint64_t boot_ram_end(uint64_t limit);
bool boot_is_ram(uint64_t address);
