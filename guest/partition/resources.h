/* SPDX-License-Identifier: Apache-2.0 */
/* What a partition is made of, by the bundle's configuration: whole CPUs and RAM. */
#pragma once

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

#define RESOURCES_MEMORY_UNIT  (UINT64_C(2) << 20)   /* bytes: a partition has whole frames */
#define RESOURCES_MEMORY_LEAST (UINT64_C(96) << 20)  /* Debian's kernel and the agent */
#define RESOURCES_MEMORY_USUAL (UINT64_C(128) << 20) /* where nothing is asked for */

/* Annotations that stand before linux.resources. */
#define RESOURCES_CPUS   "bulkhead.cpus"   /* how many */
#define RESOURCES_MEMORY "bulkhead.memory" /* bytes, or with K, M, G behind them */

struct resources {
	uint32_t cpu_count; /* 1 to 64 */
	uint64_t cpus; /* these, bit n = CPU n of the machine (cpuset.cpus); 0: any that are free */
	uint64_t memory; /* bytes, a multiple of RESOURCES_MEMORY_UNIT; 0: not asked for */
};

/*
 * From linux.resources (runtime-spec, "Control groups") and annotations; both may be NULL.
 * cpu.quota by cpu.period is rounded up to whole CPUs, memory.limit up to whole frames, and to
 * RESOURCES_MEMORY_LEAST. False: *why says what is wrong, a constant.
 */
bool resources_read(json *resources, json *annotations, struct resources *limits, const char **why);

/* A list such as "0-2,5" as a mask; false: it is none, or names a CPU above 63. */
bool resources_cpu_list(const char *text, uint64_t *mask);
/* "512M" in bytes; false: no size. */
bool resources_size(const char *text, uint64_t *bytes);
/* RAM for a kernel that unpacks `image` bytes of initramfs, rounded up. */
uint64_t resources_memory_for(uint64_t image);
