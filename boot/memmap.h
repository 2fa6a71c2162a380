/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware's memory map as boot_abi.h wants it: sorted, merged, ours marked. Pure. */
#pragma once

#include "boot_abi.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

/* UEFI Specification, "EFI_BOOT_SERVICES.GetMemoryMap()": EFI_MEMORY_DESCRIPTOR, version 1. */
struct memmap_descriptor {
	uint32_t type;
	uint32_t padding;
	uint64_t physical_start;
	uint64_t virtual_start;
	uint64_t page_count;
	uint64_t attribute;
};

struct memmap {
	struct boot_memory *entries;
	uint32_t count;
	uint32_t capacity;
};

/*
 * Gives [base, base + size) to `type`, whatever it was before; HV_NO_MEMORY when the entries do
 * not suffice, and then the map is as before.
 */
MUST_CHECK enum hv_status memmap_claim(struct memmap *map, uint64_t base, uint64_t size,
				       enum boot_memory_type type);

/* Adds a whole firmware map. Where descriptors overlap, the one that is not free wins. */
MUST_CHECK enum hv_status memmap_from_efi(struct memmap *map, const void *descriptors, size_t bytes,
					  size_t stride);

/* Bytes of free memory in whole frames of 2 MiB. */
uint64_t memmap_free_frames(const struct memmap *map);

/* End of the highest range that is RAM of some kind. */
uint64_t memmap_top(const struct memmap *map);
