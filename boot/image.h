/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition's memory and registers at its start, worked out before the hypervisor runs: it then
 * only copies pieces, and holds no parser of kernels and no boot protocol. Pure.
 */
#pragma once

#include "boot_abi.h"
#include "kernel_image.h"
#include "platform_abi.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

/* Guest-physical layout below 1 MiB; free again once the kernel has read what lies there. */
#define IMAGE_LOW UINT64_C(0x1000)
#define IMAGE_GDT IMAGE_LOW
#define IMAGE_BOOT_INFO                                                                            \
	UINT64_C(0x2000) /* boot_params, start info or multiboot information; 4 KiB */
#define IMAGE_CMDLINE         UINT64_C(0x3000) /* 4 KiB */
#define IMAGE_PAGE_TABLES     UINT64_C(0x4000) /* root, one level-3 and four level-2 tables */
#define IMAGE_LOW_END         UINT64_C(0xa000) /* kernels may not be linked below */
#define IMAGE_BASE_MEMORY_END UINT64_C(0xa0000)
#define IMAGE_ACPI            UINT64_C(0xe0000) /* RSDP first: also found by a scan */
#define IMAGE_ACPI_SIZE       UINT64_C(0x2000)
#define IMAGE_ACPI_RESERVED   UINT64_C(0x20000) /* in the memory map, up to 1 MiB */

/*
 * Where a processor starts after power-on. Linux jumps there, in real mode, to restart a machine
 * with hardware-reduced ACPI and without EFI: what lies there resets the partition.
 */
#define IMAGE_RESET_VECTOR UINT64_C(0xffff0)
#define IMAGE_RESET_SIZE   UINT64_C(16)

/* What is made for each partition: the low part, then the ACPI tables, with the reset code last. */
#define IMAGE_BLOB_SIZE (IMAGE_LOW_END - IMAGE_LOW + IMAGE_ACPI_SIZE)

_Static_assert(KERNEL_SEGMENT_MAX + 4u <= BOOT_PIECE_MAX, "segments, initrd and three made parts");

struct image_input {
	uint64_t memory_size; /* of the partition, bytes */
	uint32_t cpu_count;
	uint32_t devices;      /* CONFIG_DEVICE_* */
	uint64_t disk_sectors; /* of its disk, if it has one */
	/* The management partition: RAM behind the first frame is from here on, and real PCI
	 * devices are on its bus; else 0. See struct boot_passthrough. */
	uint64_t identity_base;
	const char *cmdline; /* not terminated */
	uint32_t cmdline_size;
	const uint8_t *kernel; /* the file */
	size_t kernel_size;
	uint64_t kernel_at; /* host-physical addresses, as the hypervisor will see them */
	uint64_t initrd_at;
	uint64_t initrd_size; /* 0: none */
	uint8_t *blob;        /* IMAGE_BLOB_SIZE zeroed bytes */
	uint64_t blob_at;
};

/* Pieces are disjoint, and all inside the partition's RAM.
 * On any other result than HV_OK: `why` is a text that completes "FILE ..." and valid until the
 * next call. HV_INVALID: no kernel. HV_NO_MEMORY: the partition is too small for it. */
MUST_CHECK enum hv_status image_build(const struct image_input *input, struct boot_image *image,
				      const char **why);

/* --- between the files of image_*.c -------------------------------------------------------------
 */

struct image_work {
	const struct image_input *input;
	struct kernel_image kernel;
	struct boot_image *image;
	uint64_t initrd; /* guest-physical; 0: none */
};

/* Types as ACPI's "INT 15H, E820H" has them. */
#define IMAGE_MAP_RAM  1u
#define IMAGE_MAP_ACPI 3u
#define IMAGE_MAP_MAX  4u

struct image_map_entry {
	uint64_t base;
	uint64_t size;
	uint32_t type;
};

uint32_t image_memory_map(const struct image_work *work, struct image_map_entry map[IMAGE_MAP_MAX]);
/* The low part of the blob at a guest-physical address of it. */
void *image_low(const struct image_work *work, uint64_t guest);

/* Each writes what its protocol hands over, and sets the start. */
void image_linux(struct image_work *work);
void image_pvh(struct image_work *work);
void image_multiboot1(struct image_work *work);
void image_multiboot2(struct image_work *work);
