/* SPDX-License-Identifier: Apache-2.0 */
/* Segment descriptors and the TSS of each CPU. */
#include "gdt.h"

#include "check.h"

/* SDM 3A, "Segment Descriptors"; accessed bits set, so that the CPU never writes them. */
#define DESCRIPTOR_CODE     UINT64_C(0x00af9b000000ffff)
#define DESCRIPTOR_DATA     UINT64_C(0x00cf93000000ffff)
#define DESCRIPTOR_TSS_TYPE UINT64_C(0x9) /* available 64-bit TSS */
/* SDM 3A, "Task Management in 64-bit Mode": indices of 32-bit words in the TSS. */
#define TSS_IST1_LOW 9u
#define TSS_IO_MAP   25u

/* In entry.asm. */
void gdt_load_selectors(void);

static const uint64_t early[] = {0, DESCRIPTOR_CODE, DESCRIPTOR_DATA};

static void load(const uint64_t *gdt, uint32_t size)
{
	struct table_register gdtr = {.limit = (uint16_t)(size - 1), .base = (uint64_t)gdt};

	__asm__ volatile("lgdt %0" : : "m"(gdtr) : "memory");
	gdt_load_selectors();
}

void gdt_load_early(void)
{
	load(early, sizeof(early));
}

void gdt_fill(struct gdt_page *page, const uint64_t *ist, uint32_t ist_count)
{
	uint64_t base = (uint64_t)page->tss;

	page->gdt[0] = 0;
	page->gdt[SELECTOR_CODE / 8] = DESCRIPTOR_CODE;
	page->gdt[SELECTOR_DATA / 8] = DESCRIPTOR_DATA;
	page->gdt[SELECTOR_TSS / 8] = TSS_LIMIT | (base & 0xffffff) << 16 |
				      DESCRIPTOR_TSS_TYPE << 40 | BIT(47) |
				      (base >> 24 & 0xff) << 56;
	page->gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
	for (uint32_t i = 0; i < ist_count; i++) {
		page->tss[TSS_IST1_LOW + 2 * i] = low32(ist[i]);
		page->tss[TSS_IST1_LOW + 2 * i + 1] = high32(ist[i]);
	}
	/* The I/O map begins beyond the limit: there is none. */
	page->tss[TSS_IO_MAP] = (TSS_LIMIT + 1) << 16;
}

void gdt_load(struct gdt_page *page)
{
	/* LTR refuses a TSS that is marked busy, as it is when a CPU starts a second time. */
	page->gdt[SELECTOR_TSS / 8] &= ~BIT(41);
	load(page->gdt, sizeof(page->gdt));
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS) : "memory");
}
