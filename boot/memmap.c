/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware's memory map as boot_abi.h wants it: sorted, merged, ours marked. */
#include "memmap.h"

#include "addr.h"
#include "bits.h"
#include "str.h"

#include <stdbool.h>

/* UEFI Specification, "EFI_BOOT_SERVICES.AllocatePages()": EFI_MEMORY_TYPE. */
enum efi_memory_type {
	EFI_LOADER_CODE = 1,
	EFI_LOADER_DATA = 2,
	EFI_BOOT_SERVICES_CODE = 3,
	EFI_BOOT_SERVICES_DATA = 4,
	EFI_RUNTIME_SERVICES_CODE = 5,
	EFI_RUNTIME_SERVICES_DATA = 6,
	EFI_CONVENTIONAL = 7,
	EFI_ACPI_RECLAIM = 9,
	EFI_ACPI_NVS = 10,
	EFI_MMIO = 11,
	EFI_MMIO_PORTS = 12,
};

#define ATTRIBUTE_SPECIFIC_PURPOSE UINT64_C(0x40000)
#define ATTRIBUTE_RUNTIME          UINT64_C(0x8000000000000000)
#define ADDRESS_MAX                (UINT64_C(1) << 52)

static void put(struct memmap *map, uint64_t base, uint64_t end, uint32_t type)
{
	struct boot_memory *last = map->count > 0 ? &map->entries[map->count - 1] : NULL;

	if (base >= end) {
		return;
	}
	if (last != NULL && last->type == type && last->base + last->size == base) {
		last->size += end - base;
		return;
	}
	map->entries[map->count++] = (struct boot_memory){
		.base = base,
		.size = end - base,
		.type = type,
	};
}

/* The entries are moved to the end of the array and merged with the new one from there. */
enum hv_status memmap_claim(struct memmap *map, uint64_t base, uint64_t size,
			    enum boot_memory_type type)
{
	uint64_t end = base + size;
	uint32_t old_count = map->count;
	struct boot_memory *old = map->entries + (map->capacity - old_count);
	bool is_placed = false;

	/* A claim splits at most one entry in two and adds one. */
	if (map->capacity - old_count < 2) {
		return HV_NO_MEMORY;
	}
	if (size == 0) {
		return HV_OK;
	}
	memmove(old, map->entries, old_count * sizeof(*old));
	map->count = 0;
	for (uint32_t i = 0; i < old_count; i++) {
		struct boot_memory entry = old[i];
		uint64_t entry_end = entry.base + entry.size;

		put(map, entry.base, min_u64(entry_end, base), entry.type);
		if (!is_placed && entry_end > base) {
			put(map, base, end, type);
			is_placed = true;
		}
		put(map, max_u64(entry.base, end), entry_end, entry.type);
	}
	if (!is_placed) {
		put(map, base, end, type);
	}
	return HV_OK;
}

static enum boot_memory_type type_of(const struct memmap_descriptor *descriptor)
{
	if ((descriptor->attribute & ATTRIBUTE_RUNTIME) != 0 && descriptor->type != EFI_MMIO &&
	    descriptor->type != EFI_MMIO_PORTS) {
		return BOOT_MEMORY_RUNTIME;
	}
	switch (descriptor->type) {
	case EFI_LOADER_CODE:
	case EFI_LOADER_DATA:
	case EFI_BOOT_SERVICES_CODE:
	case EFI_BOOT_SERVICES_DATA:
	case EFI_CONVENTIONAL:
		return (descriptor->attribute & ATTRIBUTE_SPECIFIC_PURPOSE) == 0
			       ? BOOT_MEMORY_FREE
			       : BOOT_MEMORY_RESERVED;
	case EFI_RUNTIME_SERVICES_CODE:
	case EFI_RUNTIME_SERVICES_DATA:
		return BOOT_MEMORY_RUNTIME;
	case EFI_ACPI_RECLAIM:
	case EFI_ACPI_NVS:
		return BOOT_MEMORY_ACPI;
	case EFI_MMIO:
	case EFI_MMIO_PORTS:
		return BOOT_MEMORY_MMIO;
	default: /* reserved, unusable, and what later specifications add */
		return BOOT_MEMORY_RESERVED;
	}
}

static enum hv_status add_descriptors(struct memmap *map, const void *descriptors, size_t bytes,
				      size_t stride, bool is_free)
{
	struct memmap_descriptor descriptor;
	enum boot_memory_type type;

	for (size_t at = 0; bytes - at >= stride; at += stride) {
		memcpy(&descriptor, (const uint8_t *)descriptors + at, sizeof(descriptor));
		type = type_of(&descriptor);
		if ((type == BOOT_MEMORY_FREE) != is_free) {
			continue;
		}
		if (!is_aligned(descriptor.physical_start, PAGE_SIZE) ||
		    descriptor.physical_start >= ADDRESS_MAX ||
		    descriptor.page_count > (ADDRESS_MAX - descriptor.physical_start) / PAGE_SIZE) {
			return HV_INVALID;
		}
		if (memmap_claim(map, descriptor.physical_start, descriptor.page_count * PAGE_SIZE,
				 type) != HV_OK) {
			return HV_NO_MEMORY;
		}
	}
	return HV_OK;
}

enum hv_status memmap_from_efi(struct memmap *map, const void *descriptors, size_t bytes,
			       size_t stride)
{
	enum hv_status status;

	if (stride < sizeof(struct memmap_descriptor)) {
		return HV_INVALID;
	}
	status = add_descriptors(map, descriptors, bytes, stride, true);
	return status != HV_OK ? status : add_descriptors(map, descriptors, bytes, stride, false);
}

uint64_t memmap_free_frames(const struct memmap *map)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct boot_memory *entry = &map->entries[i];
		uint64_t first = align_up(entry->base, FRAME_SIZE);
		uint64_t end = align_down(entry->base + entry->size, FRAME_SIZE);

		if (entry->type == BOOT_MEMORY_FREE && end > first) {
			total += end - first;
		}
	}
	return total;
}

uint64_t memmap_top(const struct memmap *map)
{
	uint64_t top = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct boot_memory *entry = &map->entries[i];

		if (entry->type != BOOT_MEMORY_MMIO && entry->type != BOOT_MEMORY_RESERVED) {
			top = max_u64(top, entry->base + entry->size);
		}
	}
	return top;
}
