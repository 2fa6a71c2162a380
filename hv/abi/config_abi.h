/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration, as far as the hypervisor needs it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CONFIG_PARTITION_MAX 32u
#define CONFIG_CPU_MAX       64u
#define CONFIG_NAME_MAX      31u                 /* characters, without the terminator */
#define CONFIG_MEMORY_ALIGN  (UINT64_C(2) << 20) /* bytes; partition memory is a multiple of it */
#define CONFIG_PCI_MAX       8u                  /* real PCI functions per partition */

enum config_log_level {
	CONFIG_LOG_ERROR,
	CONFIG_LOG_NOTICE,
	CONFIG_LOG_INFO,
	CONFIG_LOG_DEBUG,
};

enum config_console { /* bits of config.console */
		      CONFIG_CONSOLE_UART0 = 1,
		      CONFIG_CONSOLE_FRAMEBUFFER = 2,
		      CONFIG_CONSOLE_BOTH = 3,
};

/* On CPUs where a guest that executes from large second-level pages can cause a machine check
 * (CVE-2018-12207). Elsewhere large pages are always used. */
enum config_huge_pages {
	CONFIG_HUGE_PAGES_SAFE,   /* 4 KiB pages there */
	CONFIG_HUGE_PAGES_ALWAYS, /* the guests are trusted */
};

enum config_on_crash {
	CONFIG_CRASH_STOP,
	CONFIG_CRASH_RESTART,
	CONFIG_CRASH_HALT_MACHINE,
};

/* Paravirtual devices, bits of config_partition.devices. */
#define CONFIG_DEVICE_CONSOLE  (1u << 0)
#define CONFIG_DEVICE_NET0     (1u << 1)
#define CONFIG_DEVICE_BLOCK0   (1u << 2)
#define CONFIG_DEVICE_ENTROPY  (1u << 3)
#define CONFIG_DEVICE_CHANNEL0 (1u << 4)
#define CONFIG_DEVICE_SERVED0  (1u << 5) /* in place of BLOCK0: disk0 = served:SIZE */

/* Flags of config_partition.flags. */
#define CONFIG_PARTITION_MANAGEMENT  (1u << 0) /* role = management */
#define CONFIG_PARTITION_AUTOSTART   (1u << 1) /* autostart = yes (the default) */
#define CONFIG_PARTITION_OWNS_UART0  (1u << 2) /* console = uart0: raw output, and the input */
#define CONFIG_PARTITION_DMA_TRUSTED (1u << 3) /* dma = trusted */
#define CONFIG_PARTITION_UART0_ALONE (1u << 4) /* console = uart0-alone */

struct config_partition {
	char name[CONFIG_NAME_MAX + 1];
	uint32_t flags;    /* CONFIG_PARTITION_* */
	uint32_t on_crash; /* enum config_on_crash */
	uint32_t devices;  /* CONFIG_DEVICE_* */
	uint32_t pci_count;
	uint64_t cpus;                /* bit n = n-th CPU of boot_info.cpus */
	uint64_t memory;              /* bytes, a multiple of CONFIG_MEMORY_ALIGN */
	uint16_t pci[CONFIG_PCI_MAX]; /* bus << 8 | device << 3 | function */
};

struct config {
	uint32_t log_level; /* enum config_log_level */
	uint32_t console;   /* enum config_console */
	uint32_t test_exit; /* test_exit = yes: end the emulator when every partition has stopped */
	uint32_t huge_pages; /* enum config_huge_pages */
	uint32_t partition_count;
	struct config_partition partitions[CONFIG_PARTITION_MAX];
};

_Static_assert(sizeof(struct config_partition) % 8 == 0, "config_partition has no tail padding");
