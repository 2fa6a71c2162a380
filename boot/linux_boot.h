/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux's boot_params, and a builder of it for the 64-bit boot protocol. Layouts and names follow
 * Linux Documentation/x86/boot.rst, "The Linux/x86 Boot Protocol", and zero-page.rst, "Zero Page".
 */
#pragma once

#include "boot_abi.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define LINUX_SETUP_OFFSET           0x1f1u /* of the setup header, in the image and in boot_params */
#define LINUX_SETUP_END_MAX          0x290u /* end of the longest header that boot_params can hold */
#define LINUX_BOOT_FLAG              0xaa55u
#define LINUX_HEADER_MAGIC           0x53726448u /* "HdrS" */
#define LINUX_PROTOCOL_MIN           0x020cu     /* 2.12: xloadflags and pref_address are there */
#define LINUX_LOADED_HIGH            1u          /* loadflags */
#define LINUX_KERNEL_64              1u          /* xloadflags: 64-bit entry at 0x200 */
#define LINUX_CAN_BE_LOADED_ABOVE_4G 2u
#define LINUX_ENTRY_64               0x200u /* from the start of the protected-mode kernel */
#define LINUX_LOADER_OTHER           0xffu  /* type_of_loader without an assigned number */
#define LINUX_E820_MAX               128u
#define LINUX_EFI_SIGNATURE          0x34364c45u /* "EL64" */
#define LINUX_VIDEO_EFI              0x70u

enum linux_e820_type {
	LINUX_E820_RAM = 1,
	LINUX_E820_RESERVED = 2,
	LINUX_E820_ACPI = 3,
	LINUX_E820_NVS = 4,
};

struct linux_setup_header {
	uint8_t setup_sects;
	uint16_t root_flags;
	uint32_t syssize;
	uint16_t ram_size;
	uint16_t vid_mode;
	uint16_t root_dev;
	uint16_t boot_flag;
	uint8_t jump[2]; /* the second byte is the header's length behind 0x202 */
	uint32_t header;
	uint16_t version;
	uint32_t realmode_swtch;
	uint16_t start_sys_seg;
	uint16_t kernel_version;
	uint8_t type_of_loader;
	uint8_t loadflags;
	uint16_t setup_move_size;
	uint32_t code32_start;
	uint32_t ramdisk_image;
	uint32_t ramdisk_size;
	uint32_t bootsect_kludge;
	uint16_t heap_end_ptr;
	uint8_t ext_loader_ver;
	uint8_t ext_loader_type;
	uint32_t cmd_line_ptr;
	uint32_t initrd_addr_max;
	uint32_t kernel_alignment;
	uint8_t relocatable_kernel;
	uint8_t min_alignment;
	uint16_t xloadflags;
	uint32_t cmdline_size;
	uint32_t hardware_subarch;
	uint64_t hardware_subarch_data;
	uint32_t payload_offset;
	uint32_t payload_length;
	uint64_t setup_data;
	uint64_t pref_address;
	uint32_t init_size;
	uint32_t handover_offset;
	uint32_t kernel_info_offset;
} __attribute__((packed));

struct linux_e820 {
	uint64_t address;
	uint64_t size;
	uint32_t type; /* enum linux_e820_type */
} __attribute__((packed));

struct linux_efi_info {
	uint32_t loader_signature;
	uint32_t systab;
	uint32_t memdesc_size;
	uint32_t memdesc_version;
	uint32_t memmap;
	uint32_t memmap_size;
	uint32_t systab_hi;
	uint32_t memmap_hi;
};

/* Only what a linear framebuffer needs; the rest belongs to BIOS text modes. */
struct linux_screen_info {
	uint8_t text_mode[15];
	uint8_t orig_video_is_vga;
	uint16_t orig_video_points;
	uint16_t lfb_width;
	uint16_t lfb_height;
	uint16_t lfb_depth;
	uint32_t lfb_base;
	uint32_t lfb_size;
	uint16_t cl_magic;
	uint16_t cl_offset;
	uint16_t lfb_linelength;
	uint8_t red_size;
	uint8_t red_pos;
	uint8_t green_size;
	uint8_t green_pos;
	uint8_t blue_size;
	uint8_t blue_pos;
	uint8_t rsvd_size;
	uint8_t rsvd_pos;
	uint8_t vesa[8];
	uint32_t capabilities; /* bit 1: ext_lfb_base holds the upper half */
	uint32_t ext_lfb_base;
	uint8_t reserved[2];
} __attribute__((packed));

struct linux_boot_params {
	struct linux_screen_info screen_info;
	uint8_t apm_to_ist[0x30];
	uint64_t acpi_rsdp_addr;
	uint8_t disks_to_olpc[0x48];
	uint32_t ext_ramdisk_image;
	uint32_t ext_ramdisk_size;
	uint32_t ext_cmd_line_ptr;
	uint8_t padding_and_edid[0xf4];
	struct linux_efi_info efi_info;
	uint32_t alt_mem_k;
	uint32_t scratch;
	uint8_t e820_entries;
	uint8_t edd_to_secure_boot[6];
	uint8_t sentinel;
	uint8_t padding;
	struct linux_setup_header hdr;
	uint8_t header_rest[LINUX_SETUP_END_MAX - LINUX_SETUP_OFFSET -
			    sizeof(struct linux_setup_header)];
	uint8_t edd_signatures[0x40];
	struct linux_e820 e820_table[LINUX_E820_MAX];
	uint8_t edd_and_rest[0x330];
} __attribute__((packed));

_Static_assert(sizeof(struct linux_setup_header) == 0x26c - LINUX_SETUP_OFFSET,
	       "setup header 2.15");
_Static_assert(offsetof(struct linux_setup_header, header) == 0x202 - LINUX_SETUP_OFFSET, "header");
_Static_assert(offsetof(struct linux_setup_header, cmdline_size) == 0x238 - LINUX_SETUP_OFFSET,
	       "cmdline_size");
_Static_assert(offsetof(struct linux_setup_header, pref_address) == 0x258 - LINUX_SETUP_OFFSET,
	       "pref_address");
_Static_assert(sizeof(struct linux_screen_info) == 0x40, "screen_info");
_Static_assert(offsetof(struct linux_boot_params, acpi_rsdp_addr) == 0x70, "acpi_rsdp_addr");
_Static_assert(offsetof(struct linux_boot_params, ext_ramdisk_image) == 0xc0, "ext_ramdisk_image");
_Static_assert(offsetof(struct linux_boot_params, efi_info) == 0x1c0, "efi_info");
_Static_assert(offsetof(struct linux_boot_params, e820_entries) == 0x1e8, "e820_entries");
_Static_assert(offsetof(struct linux_boot_params, sentinel) == 0x1ef, "sentinel");
_Static_assert(offsetof(struct linux_boot_params, hdr) == LINUX_SETUP_OFFSET, "hdr");
_Static_assert(offsetof(struct linux_boot_params, e820_table) == 0x2d0, "e820_table");
_Static_assert(sizeof(struct linux_boot_params) == 0x1000, "boot_params is one page");

/* The firmware's tables, for a kernel that is to use EFI runtime services. */
struct linux_boot_efi {
	uint64_t system_table;
	uint64_t map;
	uint32_t map_size;
	uint32_t descriptor_size;
	uint32_t descriptor_version;
};

/* Addresses are those the kernel sees; 0 = there is none, for all but the first two. */
struct linux_boot_input {
	const void *image; /* the bzImage's first bytes */
	size_t image_size;
	uint64_t load_address; /* of the protected-mode kernel */
	uint64_t cmdline;
	uint64_t initrd;
	uint64_t initrd_size;
	uint64_t rsdp;
	uint64_t setup_data;
	const struct linux_e820 *e820;
	uint32_t e820_count;
	const struct linux_boot_efi *efi;           /* may be NULL */
	const struct boot_framebuffer *framebuffer; /* may be NULL */
};

/*
 * Fills boot_params; the kernel is then entered at load_address + LINUX_ENTRY_64 with RSI =
 * boot_params, flat CS 0x10 and DS 0x18, IF = 0, everything named here identity mapped.
 * HV_RANGE: more memory ranges than the table holds. HV_INVALID: not a bzImage's start, or
 * something lies where this kernel cannot find it.
 */
MUST_CHECK enum hv_status linux_boot_build(const struct linux_boot_input *input,
					   struct linux_boot_params *out);
