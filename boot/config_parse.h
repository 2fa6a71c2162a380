/* SPDX-License-Identifier: Apache-2.0 */
/* Parser and checks of the configuration file; pure, shared by loader and host tools. */
#pragma once

#include "config_abi.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define CONFIG_ERROR_MAX   160u
#define CONFIG_TEXT_MAX    (UINT32_C(1) << 20) /* bytes of the whole file */
#define CONFIG_PATH_MAX    255u
#define CONFIG_CMDLINE_MAX 2047u
#define CONFIG_MEMORY_MIN  (UINT64_C(4) << 20)
#define CONFIG_MEMORY_MAX  (UINT64_C(1) << 46)

#define CONFIG_SECTOR_SIZE 512u /* of a disk */
#define CONFIG_FILE_NONE   UINT32_MAX

enum config_mode {
	CONFIG_MODE_PARTITIONS, /* start the hypervisor */
	CONFIG_MODE_BARE_METAL, /* boot the management (else the first) partition's kernel directly
				 */
};

/* Text of the configuration file, by offset from its first byte; length 0 means "not given". */
struct config_span {
	uint32_t offset;
	uint32_t length;
};

/* What only the loader needs of a partition. */
struct config_source {
	uint32_t line;        /* of the [partition] header, for messages */
	uint32_t kernel_line; /* lines of the keys */
	uint32_t initrd_line;
	uint32_t disk_line;
	uint32_t cpus_line;
	uint32_t memory_line;
	uint32_t kernel_module;    /* index of the file, filled in by modules.c */
	uint32_t initrd_module;    /* or CONFIG_FILE_NONE */
	uint32_t disk_module;      /* likewise */
	struct config_span kernel; /* path relative to the configuration file */
	struct config_span initrd;
	struct config_span disk; /* or, where that is not given: */
	uint64_t disk_sectors;   /* of disk0 = served:SIZE */
	struct config_span cmdline;
};

/* The whole file. */
struct config_file {
	uint32_t mode; /* enum config_mode */
	struct config config;
	struct config_source sources[CONFIG_PARTITION_MAX]; /* in the order of config.partitions */
};

struct config_error {
	uint32_t line; /* from 1 */
	char message[CONFIG_ERROR_MAX];
};

/*
 * The text needs no terminator. `out` and `error` are both written: `out` is complete only with
 * HV_OK, `error` is meaningful only without it. Every *_module becomes CONFIG_FILE_NONE.
 */
MUST_CHECK enum hv_status config_parse(const char *text, size_t size, struct config_file *out,
				       struct config_error *error);

/*
 * Whether a machine of cpu_count CPUs with free_memory bytes (whole frames, after the hypervisor
 * and the modules took theirs) can hold all partitions.
 */
MUST_CHECK enum hv_status config_check_machine(const struct config_file *file, uint32_t cpu_count,
					       uint64_t free_memory, struct config_error *error);
