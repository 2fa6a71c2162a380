/* SPDX-License-Identifier: Apache-2.0 */
/* Linux, "The 64-bit Boot Protocol"; PVH; Multiboot, "Machine state"; a start-up IPI. */
#include "start_regs.h"

#include "bits.h"

/* Access rights: SDM 3C, "Guest Register State". */
#define CODE16   0x009bu
#define CODE32   0xc09bu
#define CODE64   0xa09bu
#define DATA16   0x0093u
#define DATA32   0xc093u
#define TSS_BUSY 0x008bu
#define LDT      0x0082u

#define REAL_LIMIT 0xffffu
#define LDT_LIMIT  0xffffu
#define TSS_LIMIT  0x67u
#define FLAT_LIMIT 0xffffffffu
/* What Linux asks for; the other protocols leave the selectors open. */
#define FLAT_CODE      0x10u
#define FLAT_DATA      0x18u
#define FLAT_GDT_LIMIT 0x1fu

/* SDM 3A, "Control Registers"; SDM 4, "IA32_EFER". */
#define CR0_PE   BIT(0)
#define CR0_ET   BIT(4)
#define CR0_NE   BIT(5)
#define CR0_WP   BIT(16)
#define CR0_PG   BIT(31)
#define CR4_PAE  BIT(5)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)

/* INIT keeps CD and NW: caches are on. */
struct boot_start start_sipi(uint32_t signature)
{
	return (struct boot_start){
		.cs = {0, CODE16, REAL_LIMIT, 0},
		.data = {0, DATA16, REAL_LIMIT, 0},
		.ldtr = {0, LDT, REAL_LIMIT, 0},
		.tr = {0, TSS_BUSY, REAL_LIMIT, 0},
		.gdt_limit = REAL_LIMIT,
		.idt_limit = REAL_LIMIT,
		.cr0 = CR0_ET,
		.rdx = signature,
	};
}

static struct boot_start start_flat(uint64_t rip, uint16_t code)
{
	return (struct boot_start){
		.cs = {FLAT_CODE, code, FLAT_LIMIT, 0},
		.data = {FLAT_DATA, DATA32, FLAT_LIMIT, 0},
		.ldtr = {0, LDT, LDT_LIMIT, 0},
		.tr = {0, TSS_BUSY, TSS_LIMIT, 0},
		.cr0 = CR0_ET | CR0_PE,
		.rip = rip,
	};
}

struct boot_start start_protected32(uint64_t rip)
{
	return start_flat(rip, CODE32);
}

struct boot_start start_long64(uint64_t rip, uint64_t cr3, uint64_t gdt_base)
{
	struct boot_start start = start_flat(rip, CODE64);

	start.gdt_base = gdt_base;
	start.gdt_limit = FLAT_GDT_LIMIT;
	start.cr0 |= CR0_PG | CR0_WP | CR0_NE;
	start.cr3 = cr3;
	start.cr4 = CR4_PAE;
	start.efer = EFER_LME | EFER_LMA;
	return start;
}
