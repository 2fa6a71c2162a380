/* SPDX-License-Identifier: Apache-2.0 */
/* Segment descriptors and the TSS of each CPU. */
#pragma once

#include "regs.h"

#define GDT_ENTRIES 5u /* null, code, data, TSS (two entries) */

/* The page at space_tables(). */
struct gdt_page {
	uint64_t gdt[GDT_ENTRIES];
	uint32_t padding;
	uint32_t tss[(TSS_LIMIT + 1) / sizeof(uint32_t)]; /* 64-bit fields are not aligned in it */
};

/* Fills the running CPU's page and loads it, and the task register; zeroes FS and GS base. */
void gdt_load(uint32_t cpu);
