/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's ELF64 image: checks it, and lays it out in the region. Pure. */
#pragma once

#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define ELF_LOAD_SEGMENT_MAX 16u
#define ELF_LOAD_SIZE_MAX    (UINT64_C(64) << 20)

struct elf_load_segment {
	uint64_t file_offset;
	uint64_t file_size;
	uint64_t region_offset; /* from HV_VIRT_BASE and from the region's start; page aligned */
	uint64_t memory_size;
	uint32_t flags; /* ELF_FLAG_*; never writable and executable */
};

struct elf_load {
	uint64_t entry;      /* virtual */
	uint64_t image_size; /* bytes from the region's start, page aligned */
	uint32_t segment_count;
	struct elf_load_segment segments[ELF_LOAD_SEGMENT_MAX];
};

/* On HV_INVALID `why` says what is wrong with the file. */
MUST_CHECK enum hv_status elf_load_parse(const void *file, size_t size, struct elf_load *out,
					 const char **why);

/* `region` has room for image_size bytes; `file` is the one that was parsed. */
void elf_load_copy(const struct elf_load *image, const void *file, void *region);
