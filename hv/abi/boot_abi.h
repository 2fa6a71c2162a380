/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader hands to the hypervisor, and the state of the CPU at that moment. */
#pragma once

#include "config_abi.h"
#include "virt_abi.h"

/*
 * Hand-off. The loader allocates one physically contiguous region below 4 GiB (other CPUs load CR3
 * in real mode), 2 MiB aligned, a multiple of 2 MiB long: the ELF image at its start (page aligned
 * segments, at their linked distance from HV_VIRT_BASE), then boot_info with everything it points
 * to inside the region, CPUs' private pages, the hypervisor's page tables (space_abi.h), then free
 * pool. It calls the ELF entry point on the boot CPU, CPU 0, with RDI = virtual address of struct
 * boot_info, RSP in that CPU's main stack, RBP = 0, IF = 0, DF = 0, long mode, EFER.NXE = 1, and
 * CR3 = a copy of the firmware's identity map plus the hypervisor's space. The region, the modules
 * and the trampoline page are the hypervisor's; all else is as `memory`. Where nothing else is said
 * addresses of the hand-off are virtual.
 */
#define BOOT_MAGIC      UINT64_C(0x44414548484b4c42) /* "BLKHHEAD" */
#define BOOT_VERSION    8u
#define HV_VIRT_BASE    UINT64_C(0xffffffff80000000)
#define HV_REGION_ALIGN (UINT64_C(2) << 20)

enum boot_memory_type {
	BOOT_MEMORY_FREE,     /* usable RAM once firmware is left */
	BOOT_MEMORY_RESERVED, /* firmware's, or unknown */
	BOOT_MEMORY_RUNTIME,  /* EFI runtime services code and data */
	BOOT_MEMORY_ACPI,     /* ACPI tables or NVS */
	BOOT_MEMORY_MMIO,
	BOOT_MEMORY_HYPERVISOR, /* the region */
	BOOT_MEMORY_MODULES,    /* kernels and initrds, kept for restarts; disks */
	BOOT_MEMORY_IDENTITY,   /* the management partition's RAM, see struct boot_passthrough */
};

/* Sorted by base, page granular, neighbours of one type merged. */
struct boot_memory {
	uint64_t base;
	uint64_t size;
	uint32_t type; /* enum boot_memory_type */
	uint32_t reserved;
};

struct boot_cpu {
	uint32_t apic_id;
	uint32_t is_boot_cpu; /* 1 for the CPU that runs the loader: the first */
};

/* A run of bytes of a partition's RAM at its start. */
struct boot_piece {
	uint64_t source; /* inside the modules; physical while the loader is at work */
	uint64_t size;
	uint64_t guest; /* guest-physical */
};

struct boot_segment {
	uint16_t selector;
	uint16_t attributes; /* VMX access-rights format (SDM 3C, "Guest Register State") */
	uint32_t limit;
	uint64_t base;
};

/* Registers that a partition's CPU starts with. What is not named is 0, but for DR6, DR7, PAT and
 * RFLAGS, which are as after power-on. */
struct boot_start {
	struct boot_segment cs;
	struct boot_segment data; /* DS, ES, SS, FS, GS */
	struct boot_segment ldtr;
	struct boot_segment tr;
	uint64_t gdt_base;
	uint32_t gdt_limit;
	uint32_t idt_limit;
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	uint64_t rip;
	uint64_t rax;
	uint64_t rbx;
	uint64_t rdx;
	uint64_t rsi;
};

/*
 * A function of the partition's PCI bus: its configuration space at power-on, and the bits of it
 * that the guest may write. Slot n is device n, function 0; value[0] = 0: there is none.
 */
#define BOOT_PCI_SLOTS     8u
#define BOOT_PCI_REGISTERS 40u /* of 32 bits; those behind read as 0 */
#define BOOT_PCI_MSIX      16u /* the MSI-X capability, where a function has one */

struct boot_pci {
	uint32_t value[BOOT_PCI_REGISTERS];
	uint32_t writable[BOOT_PCI_REGISTERS];
	uint32_t config[4]; /* of a virtio device: the start of its own configuration */
};

#define BOOT_PIECE_MAX 20u

/* What a partition's RAM holds when it starts: zeros, and these pieces; and its disk, which no
 * start changes. */
struct boot_image {
	struct boot_start start;
	uint32_t piece_count;
	uint32_t reserved;
	struct boot_piece pieces[BOOT_PIECE_MAX];
	struct boot_pci pci[BOOT_PCI_SLOTS];
	uint64_t disk_base;    /* physical, page aligned; mapped nowhere, shared with nobody; of a
				* served disk 0 */
	uint64_t disk_sectors; /* of 512 bytes */
};

#define BOOT_PASS_MEMORY_MAX   64u
#define BOOT_PASS_PORTS_MAX    16u
#define BOOT_PASS_FUNCTION_MAX 64u

struct boot_range {
	uint64_t base;
	uint64_t size;
};

/* Whether one of the ranges holds all of [base, base + size). */
static inline bool boot_range_holds(const struct boot_range *ranges, uint32_t count, uint64_t base,
				    uint64_t size)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t offset = base - ranges[i].base;

		if (offset < ranges[i].size && size <= ranges[i].size - offset) {
			return true;
		}
	}
	return false;
}

/*
 * The real PCI devices, which are the management partition's. Without an IOMMU they address its RAM
 * as it does: its RAM is one frame at 0, which no device is told of, and the rest of it at
 * identity_base, guest-physical as host-physical. Ranges are disjoint, neighbours merged.
 */
struct boot_passthrough {
	uint64_t identity_base; /* 0: there is no management partition */
	uint32_t first_slot;    /* device number of its virtual slot 0 on the real bus 0 */
	uint32_t memory_count;
	uint32_t port_count;
	uint32_t function_count;
	struct boot_range memory[BOOT_PASS_MEMORY_MAX]; /* of devices; page granular */
	struct boot_range ports[BOOT_PASS_PORTS_MAX];
	uint16_t functions[BOOT_PASS_FUNCTION_MAX]; /* bus << 8 | device << 3 | function */
};

#define BOOT_POWER_MAX 16u

/* A port write on the way to the machine's end. */
struct boot_power_step {
	uint16_t port;
	uint16_t value;
	uint16_t kept;     /* wide: bits that stay as the port has them */
	uint8_t is_wide;   /* 16 bits, else 8 */
	uint8_t code_max;  /* platform_power_off()'s code is added, no more than this */
	uint32_t delay_us; /* afterwards */
};

#define BOOT_FONT_COUNT 95u /* from the space on */

struct boot_framebuffer {
	uint64_t base; /* mapped write-combining; 0 = none, not wanted or malformed */
	uint64_t size;
	uint32_t width; /* pixels */
	uint32_t height;
	uint32_t stride; /* pixels per scan line */
	uint32_t reserved;
	/* Glyphs of 5 dots by 7: a byte per row, the top row in byte 6, bit 4 is the left dot. */
	const uint64_t *font;
};

/* Wall clock at `tsc`. */
struct boot_time {
	uint64_t unix_seconds; /* 0 = firmware has no clock */
	uint64_t tsc;
	uint64_t tsc_hz; /* CPUID's word, or measured by the loader; not 0 */
};

/* Where a CPU goes that is started through the trampoline page: filled before its start-up IPI. */
struct boot_cpu_start {
	uint64_t stack;
	uint64_t entry; /* C function, with `argument`; IF = 0, CR3 = start_root, RBP = 0 */
	uint64_t argument;
};

struct guest_cpuid;

struct boot_info {
	uint64_t magic;
	uint32_t version;
	uint32_t size;        /* sizeof(struct boot_info) */
	uint64_t region_base; /* physical */
	uint64_t region_size;
	uint64_t region_used; /* bytes from region_base; the rest is pool */
	uint64_t root;        /* physical: CR3 of the hypervisor; nothing but its space */
	uint64_t cr4;         /* the hypervisor's, without VMXE */
	uint64_t start_root;  /* physical: the same, and the trampoline at its own address */
	uint64_t *windows;    /* the 2 MiB entries of the windows: 0 */
	uint64_t trampoline;  /* physical address of the page below 1 MiB for start-up IPIs */
	struct boot_cpu_start cpu_start; /* of one CPU at a time */
	uint64_t rsdp;                   /* physical; 0 = no ACPI */
	uint8_t has_uart;                /* COM1 is wanted and there, set up, without interrupts */
	uint8_t is_uart_routed; /* they are NMIs at the first CPU of the partition that owns it */
	uint32_t power_count;
	struct boot_power_step power[BOOT_POWER_MAX];
	uint64_t efi_system_table; /* physical, for its runtime services; 0 = none (multiboot) */
	const struct boot_memory *memory; /* memory_count */
	const struct boot_cpu *cpus;      /* cpu_count; the boot CPU first */
	struct guest_cpuid *guest_cpuid;  /* cpu_count: of n vCPUs at n - 1 */
	struct boot_virt virt;
	struct boot_start sipi;          /* of a start-up IPI, but for CS, which names its vector */
	const struct boot_image *images; /* one per partition */
	uint64_t modules_base; /* mapped read-only: files, and what the loader made of them */
	uint64_t modules_size;
	uint32_t memory_count;
	uint32_t cpu_count;
	struct boot_framebuffer framebuffer;
	struct boot_time time;
	uint64_t tsc_firmware; /* TSC when the loader was entered */
	uint64_t tsc_handoff;  /* TSC just before the jump */
	uint8_t entropy[32];   /* EFI_RNG_PROTOCOL or RDRAND; zero when neither is there */
	struct boot_passthrough passthrough;
	struct config config;
};
