/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers behind kernel_image_parse(). Private to kernel_*.c. */
#pragma once

#include "kernel_image.h"

#include <stdbool.h>

#define KERNEL_ADDRESS_MAX (UINT64_C(1) << 32) /* 32-bit entries reach no further */

struct kernel_file {
	const uint8_t *bytes;
	size_t size;
	const char **why;
};

/* Sets *why, returns HV_INVALID. */
enum hv_status kernel_refuse(const struct kernel_file *file, const char *why);

/* Checks one load segment and puts it into its place; empty ones are dropped. */
MUST_CHECK enum hv_status kernel_add_segment(const struct kernel_file *file,
					     struct kernel_image *image,
					     const struct kernel_segment *segment);

/* Little-endian; the caller has checked the bounds. */
uint16_t kernel_read_u16(const struct kernel_file *file, uint64_t offset);
uint32_t kernel_read_u32(const struct kernel_file *file, uint64_t offset);

bool kernel_is_elf(const struct kernel_file *file);

/* Load segments by physical address, and the ELF's own entry point. */
MUST_CHECK enum hv_status kernel_elf_segments(const struct kernel_file *file,
					      struct kernel_image *image);

/* The entry point of a PVH note, HV_NOT_FOUND without one. The headers have been checked. */
MUST_CHECK enum hv_status kernel_elf_pvh(const struct kernel_file *file, uint64_t *entry);

/* A header found is parsed and decides about load addresses; HV_NOT_FOUND without a header. */
MUST_CHECK enum hv_status kernel_multiboot2(const struct kernel_file *file,
					    struct kernel_image *image);
MUST_CHECK enum hv_status kernel_multiboot1(const struct kernel_file *file,
					    struct kernel_image *image);
