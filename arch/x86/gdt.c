/* SPDX-License-Identifier: Apache-2.0 */
/* Segment descriptors and the TSS of each CPU. */
#include "gdt.h"

#include "space_abi.h"

/* SDM 3A, "Segment Descriptors"; accessed bits set, so that the CPU never writes them. */
#define DESCRIPTOR_CODE     UINT64_C(0x00af9b000000ffff)
#define DESCRIPTOR_DATA     UINT64_C(0x00cf93000000ffff)
#define DESCRIPTOR_TSS_TYPE UINT64_C(0x9) /* available 64-bit TSS */
/* SDM 3A, "Task Management in 64-bit Mode": indices of 32-bit words in the TSS. */
#define TSS_IST1_LOW 9u
#define TSS_IO_MAP   25u

/* In entry.asm. */
void gdt_load_selectors(void);

void gdt_load(uint32_t cpu)
{
	struct gdt_page *page = (struct gdt_page *)space_tables(cpu);
	uint64_t base = (uint64_t)page->tss;
	struct table_register gdtr = {.limit = sizeof(page->gdt) - 1, .base = (uint64_t)page->gdt};

	page->gdt[SELECTOR_CODE / 8] = DESCRIPTOR_CODE;
	page->gdt[SELECTOR_DATA / 8] = DESCRIPTOR_DATA;
	/* LTR marks it busy, and refuses one that is, as when a CPU starts a second time. */
	page->gdt[SELECTOR_TSS / 8] = TSS_LIMIT | (base & 0xffffff) << 16 |
				      DESCRIPTOR_TSS_TYPE << 40 | BIT(47) |
				      (base >> 24 & 0xff) << 56;
	page->gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
	for (uint32_t i = 0; i < SPACE_IST_COUNT; i++) {
		page->tss[TSS_IST1_LOW + 2 * i] = low32(space_ist_top(cpu, i + 1));
		page->tss[TSS_IST1_LOW + 2 * i + 1] = high32(space_ist_top(cpu, i + 1));
	}
	/* The I/O map begins beyond the limit: there is none. */
	page->tss[TSS_IO_MAP] = (TSS_LIMIT + 1) << 16;
	__asm__ volatile("lgdt %0" : : "m"(gdtr) : "memory");
	gdt_load_selectors();
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS) : "memory");
}
