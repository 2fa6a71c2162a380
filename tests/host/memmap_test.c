/* SPDX-License-Identifier: Apache-2.0 */
/* boot/memmap.c: conversion, claims, and a byte-per-page model as judge. */
/* Links: boot/memmap.c */
#include "memmap.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define PAGE             4096u
#define MODEL_PAGES      64u
#define NOTHING          0xffu
#define EFI_CONVENTIONAL 7u
#define EFI_RESERVED     0u
#define EFI_BOOT_DATA    4u

static struct boot_memory entries[256];
static struct memmap map;

static void reset(uint32_t capacity)
{
	memset(entries, 0xee, sizeof(entries));
	map = (struct memmap){.entries = entries, .capacity = capacity};
}

/* Sorted, disjoint, neighbours of one type merged, and as the model says. */
static void check_model(const uint8_t *model)
{
	uint8_t found[MODEL_PAGES];
	uint64_t last_end = 0;
	bool is_sound = true;

	memset(found, NOTHING, sizeof(found));
	for (uint32_t i = 0; i < map.count; i++) {
		const struct boot_memory *entry = &map.entries[i];

		is_sound &= entry->size > 0 && entry->base >= last_end;
		is_sound &= i == 0 || entry->base > last_end || entry->type != entry[-1].type;
		last_end = entry->base + entry->size;
		for (uint64_t page = entry->base / PAGE; page < last_end / PAGE; page++) {
			found[page] = (uint8_t)entry->type;
		}
	}
	TAP_CHECK(is_sound);
	TAP_CHECK(memcmp(found, model, sizeof(found)) == 0);
}

static void test_random_claims(void)
{
	uint8_t model[MODEL_PAGES];

	srand(1);
	for (int round = 0; round < 300; round++) {
		reset(80);
		memset(model, NOTHING, sizeof(model));
		for (int i = 0; i < 30; i++) {
			unsigned int first = (unsigned int)rand() % MODEL_PAGES;
			unsigned int count = (unsigned int)rand() % (MODEL_PAGES - first + 1);
			unsigned int type = (unsigned int)rand() % 7;

			memset(model + first, (int)type, count);
			TAP_EQUAL(memmap_claim(&map, first * PAGE, count * PAGE,
					       (enum boot_memory_type)type),
				  HV_OK);
		}
		check_model(model);
	}
}

static void test_full(void)
{
	struct memmap before;

	reset(4);
	TAP_EQUAL(memmap_claim(&map, 0, PAGE, BOOT_MEMORY_FREE), HV_OK);
	TAP_EQUAL(memmap_claim(&map, 4 * PAGE, PAGE, BOOT_MEMORY_FREE), HV_OK);
	TAP_EQUAL(memmap_claim(&map, 8 * PAGE, PAGE, BOOT_MEMORY_FREE), HV_OK);
	before = map;
	TAP_EQUAL(memmap_claim(&map, 12 * PAGE, PAGE, BOOT_MEMORY_FREE), HV_NO_MEMORY);
	TAP_EQUAL(map.count, before.count);
	TAP_EQUAL(map.entries[2].base, 8 * PAGE);
}

static void test_efi(void)
{
	/* A stride larger than the structure, unsorted, one overlap, one hole. */
	struct {
		struct memmap_descriptor descriptor;
		uint64_t extension;
	} const descriptors[] = {
		{{.type = EFI_RESERVED, .physical_start = 8 * PAGE, .page_count = 2}, 1},
		{{.type = EFI_BOOT_DATA, .physical_start = 4 * PAGE, .page_count = 4}, 1},
		{{.type = EFI_CONVENTIONAL, .physical_start = 0, .page_count = 4}, 1},
		{{.type = EFI_CONVENTIONAL, .physical_start = 9 * PAGE, .page_count = 7}, 1},
		{{.type = 11, .physical_start = 20 * PAGE, .page_count = 1}, 1},
		{{.type = 6, .physical_start = 16 * PAGE, .page_count = 1}, 1},
		{{.type = 9, .physical_start = 17 * PAGE, .page_count = 1}, 1},
		{{.type = 10, .physical_start = 18 * PAGE, .page_count = 1}, 1},
		{{.type = EFI_CONVENTIONAL,
		  .physical_start = 21 * PAGE,
		  .page_count = 1,
		  .attribute = UINT64_C(0x40000)},
		 1},
		{{.type = 0x80000001, .physical_start = 22 * PAGE, .page_count = 1}, 1},
	};
	uint8_t model[MODEL_PAGES];

	reset(64);
	memset(model, NOTHING, sizeof(model));
	memset(model, BOOT_MEMORY_FREE, 16);
	memset(model + 8, BOOT_MEMORY_RESERVED, 2);
	model[16] = BOOT_MEMORY_RUNTIME;
	memset(model + 17, BOOT_MEMORY_ACPI, 2);
	model[20] = BOOT_MEMORY_MMIO;
	memset(model + 21, BOOT_MEMORY_RESERVED, 2);
	TAP_EQUAL(memmap_from_efi(&map, descriptors, sizeof(descriptors), sizeof(descriptors[0])),
		  HV_OK);
	check_model(model);
	TAP_EQUAL(memmap_top(&map), 19 * PAGE);
}

static void test_malformed(void)
{
	struct memmap_descriptor descriptor = {.type = EFI_CONVENTIONAL, .physical_start = 1};

	reset(64);
	TAP_EQUAL(memmap_from_efi(&map, &descriptor, sizeof(descriptor), 8), HV_INVALID);
	TAP_EQUAL(memmap_from_efi(&map, &descriptor, sizeof(descriptor), sizeof(descriptor)),
		  HV_INVALID);
	descriptor = (struct memmap_descriptor){.type = EFI_CONVENTIONAL,
						.physical_start = UINT64_C(1) << 40,
						.page_count = UINT64_MAX / 2};
	TAP_EQUAL(memmap_from_efi(&map, &descriptor, sizeof(descriptor), sizeof(descriptor)),
		  HV_INVALID);
	descriptor.physical_start = UINT64_MAX - PAGE + 1;
	descriptor.page_count = 1;
	TAP_EQUAL(memmap_from_efi(&map, &descriptor, sizeof(descriptor), sizeof(descriptor)),
		  HV_INVALID);
	/* The remainder behind the last whole descriptor is not read. */
	descriptor.physical_start = 0;
	TAP_EQUAL(memmap_from_efi(&map, &descriptor, sizeof(descriptor) - 1, sizeof(descriptor)),
		  HV_OK);
	TAP_EQUAL(map.count, 0);
}

static void test_frames(void)
{
	reset(64);
	TAP_EQUAL(memmap_claim(&map, 0x1000, 0x5ff000, BOOT_MEMORY_FREE), HV_OK);
	TAP_EQUAL(memmap_free_frames(&map), 0x400000);
	TAP_EQUAL(memmap_claim(&map, 0x300000, 0x1000, BOOT_MEMORY_RESERVED), HV_OK);
	TAP_EQUAL(memmap_free_frames(&map), 0x200000);
	TAP_EQUAL(memmap_claim(&map, 0x200000, 0x400000, BOOT_MEMORY_MODULES), HV_OK);
	TAP_EQUAL(memmap_free_frames(&map), 0);
	TAP_EQUAL(memmap_claim(&map, 0xfff00000, 0x100000, BOOT_MEMORY_MMIO), HV_OK);
	TAP_EQUAL(memmap_top(&map), 0x600000);
}

static const struct tap_case cases[] = {
	{"random claims as the model", test_random_claims},
	{"a full map stays as it was", test_full},
	{"a firmware map with overlaps and holes", test_efi},
	{"malformed descriptors", test_malformed},
	{"whole free frames and the end of RAM", test_frames},
};
TAP_MAIN(cases)
