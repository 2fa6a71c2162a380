/* SPDX-License-Identifier: Apache-2.0 */
/* Tells kernel images apart by content, and says what goes where. Pure. */
#pragma once

#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define KERNEL_SEGMENT_MAX 16u

enum kernel_kind {
	KERNEL_LINUX,      /* bzImage with the 64-bit entry: long mode, RSI = boot_params */
	KERNEL_PVH,        /* ELF with a PVH note: 32-bit protected mode, EBX = hvm_start_info */
	KERNEL_MULTIBOOT2, /* 32-bit protected mode, EAX = magic, EBX = information */
	KERNEL_MULTIBOOT1,
};

/* File bytes to memory; what memory_size has beyond file_size is zeroed. */
struct kernel_segment {
	uint64_t file_offset;
	uint64_t file_size;
	uint64_t address;
	uint64_t memory_size;
};

/* Of a bzImage only: boot.rst, "The Real-Mode Kernel Header". */
struct kernel_linux {
	uint64_t pref_address;
	uint32_t init_size; /* bytes from the load address that must be free RAM */
	uint32_t kernel_alignment;
	uint32_t setup_size;      /* bytes of the file before the protected-mode kernel */
	uint32_t cmdline_size;    /* longest command line, without the terminator */
	uint64_t initrd_addr_max; /* highest address of the initrd's last byte */
	uint32_t is_relocatable;
	uint32_t reserved;
};

struct kernel_image {
	enum kernel_kind kind;
	uint32_t multiboot_flags; /* multiboot1: the header's flags */
	uint64_t entry;           /* for Linux: when loaded at its segment's address */
	uint64_t start;           /* lowest address of all segments, highest end */
	uint64_t end;
	uint32_t segment_count; /* sorted by address, disjoint; one for Linux, at pref_address */
	uint32_t reserved;
	struct kernel_segment segments[KERNEL_SEGMENT_MAX];
	struct kernel_linux linux_image;
};

/* On any other result than HV_OK, `why` is a text that completes "FILE ...". */
MUST_CHECK enum hv_status kernel_image_parse(const void *image, size_t size,
					     struct kernel_image *out, const char **why);

/* "Linux", "PVH", ... */
const char *kernel_image_name(enum kernel_kind kind);
