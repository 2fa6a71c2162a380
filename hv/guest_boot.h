/* SPDX-License-Identifier: Apache-2.0 */
/* Placing a kernel in a VM by the boot protocol that its image speaks. */
#pragma once

#include "hv/vm.h"
#include "kernel_image.h"

/* Guest-physical layout below 1 MiB, free again once the kernel has read what lies there. */
#define GUEST_GDT UINT64_C(0x1000)
#define GUEST_BOOT_INFO UINT64_C(0x2000) /* boot_params, start info or multiboot information; 4 KiB */
#define GUEST_CMDLINE UINT64_C(0x3000)   /* 4 KiB */
#define GUEST_PAGE_TABLES UINT64_C(0x4000) /* root, one level-3 and four level-2 tables */
#define GUEST_BOOT_END UINT64_C(0xa000)  /* kernels may not be linked below */
#define GUEST_LOW_END UINT64_C(0xa0000)
#define GUEST_ACPI UINT64_C(0xe0000) /* RSDP and tables, to 1 MiB; the RSDP is found by a scan, too */
#define GUEST_ACPI_SIZE UINT64_C(0x20000)
#define GUEST_CMDLINE_MAX 4095u

/* What the boot code of every protocol needs. */
struct guest_boot {
	struct vm *vm;
	const struct kernel_image *image;
	const uint8_t *kernel;
	size_t kernel_size;
	const uint8_t *initrd; /* NULL: none */
	size_t initrd_size;
	gpa_t initrd_at;       /* set by guest_boot_place_initrd() */
	uint32_t cmdline_size; /* without its terminator */
};

/* Types as in ACPI, "INT 15H, E820H". */
#define GUEST_MAP_RAM 1u
#define GUEST_MAP_ACPI 3u
#define GUEST_MAP_MAX (VM_EXTENT_MAX + 4u)

struct guest_map_entry {
	uint64_t base;
	uint64_t size;
	uint32_t type;
};

/* The VM's memory map; returns the number of entries. */
uint32_t guest_boot_memory_map(const struct vm *vm, struct guest_map_entry entries[GUEST_MAP_MAX]);

/* Copies the initrd as high as `limit` (inclusive) and low RAM allow, page aligned, above `floor`.
 * HV_NO_MEMORY: it does not fit. */
enum hv_status guest_boot_place_initrd(struct guest_boot *boot, uint64_t floor, uint64_t limit) MUST_CHECK;

/* Copies an ELF image's segments; *end: first address behind them. */
enum hv_status guest_boot_place_segments(struct guest_boot *boot, uint64_t *end) MUST_CHECK;

/* One per protocol; each sets vm->start. */
enum hv_status guest_boot_linux(struct guest_boot *boot) MUST_CHECK;
enum hv_status guest_boot_pvh(struct guest_boot *boot) MUST_CHECK;
enum hv_status guest_boot_multiboot1(struct guest_boot *boot) MUST_CHECK;
enum hv_status guest_boot_multiboot2(struct guest_boot *boot) MUST_CHECK;
