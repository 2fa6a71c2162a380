/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot steps share: the state of the loader, in the order in which it is filled. */
#pragma once

#include "boot_abi.h"
#include "config_parse.h"
#include "elf_load.h"
#include "uefi.h"
#include "memmap.h"
#include "status.h"
#include "virt_plan.h"

#include <stdbool.h>

#define LOADER_PATH_MAX    512u /* UTF-16 units */
#define LOADER_SECTOR_SIZE 512u /* of a disk */
#define LOADER_MODULE_MAX  96u  /* three for each partition */

/*
 * Size of the region: image, boot data, private pages and tables, plus this much, rounded up to
 * HV_REGION_ALIGN. The last term holds the owner table.
 */
#define HV_POOL_BASE          (UINT64_C(512) << 10)
#define HV_POOL_PER_CPU       (UINT64_C(96) << 10) /* two thirds of it for MANAGE_TRACE */
#define HV_POOL_PER_PARTITION (UINT64_C(64) << 10)
#define HV_POOL_PER_FRAME     UINT64_C(2) /* bytes per 2 MiB of physical address space in use */
/* And for each 2 MiB of partition memory, where it must be mapped by 4 KiB pages. */
#define HV_POOL_PER_SMALL_FRAME (UINT64_C(4) << 10)

/* A file in memory. */
struct loader_file {
	uint64_t base; /* physical; page aligned */
	uint64_t size;
};

/* One distinct file that partitions name; of a disk each has a copy of its own. */
struct loader_module {
	struct config_span name;
	uint32_t line;
	bool is_disk;
	struct loader_file place;
};

struct loader {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *services;
	EFI_LOADED_IMAGE *loaded;
	EFI_FILE_HANDLE root; /* of the volume the loader came from */

	/* Load options. */
	bool is_bare_metal_asked;
	CHAR16 config_path[LOADER_PATH_MAX];

	/* The configuration and the files it names. */
	const char *config_text;
	uint64_t config_size;
	struct config_file file;
	const void *hypervisor;
	uint64_t hypervisor_size;
	struct elf_load elf;
	struct loader_module modules[LOADER_MODULE_MAX];
	uint32_t module_count;
	uint64_t modules_base; /* physical, 2 MiB aligned: the files, then the blobs */
	uint64_t modules_size;
	uint64_t disks_size; /* behind them: a block of its own for each disk */
	uint64_t blobs_base; /* IMAGE_BLOB_SIZE bytes for each partition */
	struct boot_image images[CONFIG_PARTITION_MAX];

	/* The machine. */
	struct boot_cpu cpus[CONFIG_CPU_MAX];
	uint32_t cpu_count;
	uint64_t rsdp;
	uint64_t ioapic;   /* physical; of the one with the UART's pin */
	uint32_t uart_pin; /* where ISA interrupt 4 arrives there */
	struct boot_framebuffer framebuffer;
	struct boot_time time;
	uint8_t entropy[32];
	uint64_t tsc_firmware;
	uint64_t apic_timer_hz;
	struct boot_virt virt;
	struct virt_plan virt_plan;

	/* The management partition's, if there is one. */
	struct boot_passthrough passthrough;
	uint64_t identity_size; /* bytes from passthrough.identity_base */
	uint32_t pci_devices;   /* bit n: device n of the real bus 0 is taken */

	/* What the hypervisor gets. */
	uint64_t trampoline;
	uint64_t region;
	uint64_t region_size;
	struct boot_info *info; /* in the region */
	uint64_t *handoff_root; /* in the region: the firmware's map and the hypervisor's space */
	struct memmap map;      /* its entries are in the region, or in loader memory */

	/* The firmware's map, taken for ExitBootServices. */
	void *descriptors;
	UINTN descriptors_room;
	UINTN descriptors_bytes;
	UINTN descriptor_stride;
	UINT32 descriptor_version;
};

/* Each step prints its own message when it fails. */

/* options.c */
void options_read(struct loader *loader);

/* config_load.c */
MUST_CHECK enum hv_status config_load(struct loader *loader);
/* `bulkhead.conf:LINE: message` */
void config_complain(const struct loader *loader, uint32_t line, const char *message);

/* Length to print of a path: a long one is cut, so that the reason behind it is not. */
int config_shown_path(struct config_span path);

/* modules.c */
MUST_CHECK enum hv_status modules_load(struct loader *loader);

/* management.c: its RAM is allocated, its devices are listed; later its place on the bus is chosen,
 * and all is checked against the map. */
MUST_CHECK enum hv_status management_prepare(struct loader *loader);
MUST_CHECK enum hv_status management_check(struct loader *loader);
/* Bytes of second-level tables for its devices' memory, at most. */
uint64_t management_tables(const struct loader *loader);

/* images.c: what partitions name as kernel is one, and fits. */
MUST_CHECK enum hv_status images_build(struct loader *loader);

/* machine.c, cpu_list.c, clock.c, apic_timer.c */
MUST_CHECK enum hv_status machine_read(struct loader *loader);
void cpu_list_read(struct loader *loader);
void clock_read(struct loader *loader);
uint64_t apic_timer_hz(uint64_t tsc_hz); /* 0: not known */
void entropy_read(struct loader *loader);

/* virt_read.c */
MUST_CHECK enum hv_status virt_require(struct loader *loader);

/* region.c */
MUST_CHECK enum hv_status region_allocate(struct loader *loader);
/* Turns the firmware map taken last into the region's list; no firmware call. */
MUST_CHECK enum hv_status region_read_map(struct loader *loader);

/* acpi_read.c: fills what info has of the I/O APIC and of power-off, by the map that region.c has
 * made. */
void acpi_read(struct loader *loader);

/* leave.c */
MUST_CHECK enum hv_status leave_map(struct loader *loader);
MUST_CHECK enum hv_status leave_firmware(struct loader *loader);
MUST_CHECK enum hv_status leave_allocate(struct loader *loader, uint64_t size, uint64_t alignment,
					 EFI_MEMORY_TYPE type, uint64_t *base);

/* Gives back the pages taken, when the firmware is to be returned to. */
void leave_release(struct loader *loader);

/* bare_metal.c */
const struct config_source *bare_metal_source(const struct config_file *file);
MUST_CHECK enum hv_status bare_metal_prepare(struct loader *loader);
_Noreturn void bare_metal_start(struct loader *loader);

/* hand_over.c: once the firmware is left; fills what info has of the UART. */
void console_hand_over(struct loader *loader);

/* handoff.asm */
_Noreturn void handoff_hypervisor(uint64_t *root, uint64_t entry, uint64_t boot_info,
				  uint64_t *tsc_handoff, uint64_t stack_top);
_Noreturn void handoff_linux(uint64_t entry, uint64_t boot_params);
