/* SPDX-License-Identifier: Apache-2.0 */
/* Segment descriptors and the TSS of each CPU. */
#pragma once

#include "regs.h"

#include <stdint.h>

#define GDT_ENTRIES 5u /* null, code, data, TSS (two entries) */

/* The page that holds both; part of a CPU's private pages. */
struct gdt_page {
	uint64_t gdt[GDT_ENTRIES];
	uint32_t padding;
	uint32_t tss[(TSS_LIMIT + 1) / sizeof(uint32_t)]; /* 64-bit fields are not aligned in it */
};

/* The descriptor tables of the CPU before it has a page of its own. */
void gdt_load_early(void);

/* ist[i] = top of the stack of IST slot i + 1. */
void gdt_fill(struct gdt_page *page, const uint64_t *ist, uint32_t ist_count);
void gdt_load(struct gdt_page *page); /* and the task register; zeroes FS and GS base */
