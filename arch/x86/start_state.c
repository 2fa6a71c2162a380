/* SPDX-License-Identifier: Apache-2.0 */
/* SDM 3A, "Processor State After Reset"; Linux, "The 64-bit Boot Protocol"; PVH; Multiboot. */
#include "start_state.h"

#include "msr.h"
#include "regs.h"

/* Access rights: SDM 3C, "Guest Register State". */
#define CODE16   0x009bu
#define DATA16   0x0093u
#define CODE32   0xc09bu
#define CODE64   0xa09bu
#define DATA32   0xc093u
#define TSS_BUSY 0x008bu
#define LDT      0x0082u

#define REAL_LIMIT 0xffffu
#define FLAT_LIMIT 0xffffffffu
/* What Linux asks for; the other protocols leave the selectors open. */
#define FLAT_CODE      0x10u
#define FLAT_DATA      0x18u
#define FLAT_GDT_LIMIT 0x1fu

/* INIT keeps CD and NW: caches are on. */
static struct start_state start_sipi(uint8_t vector)
{
	return (struct start_state){
		.cs = {(uint16_t)(vector << 8), CODE16, REAL_LIMIT, (uint64_t)vector << PAGE_SHIFT},
		.data = {0, DATA16, REAL_LIMIT, 0},
		.ldtr = {0, LDT, REAL_LIMIT, 0},
		.tr = {0, TSS_BUSY, REAL_LIMIT, 0},
		.gdt_limit = REAL_LIMIT,
		.idt_limit = REAL_LIMIT,
		.cr0 = CR0_ET,
	};
}

static struct start_state start_flat(const struct vcpu_start_state *start, uint16_t code)
{
	return (struct start_state){
		.cs = {FLAT_CODE, code, FLAT_LIMIT, 0},
		.data = {FLAT_DATA, DATA32, FLAT_LIMIT, 0},
		.ldtr = {0, LDT, REAL_LIMIT, 0},
		.tr = {0, TSS_BUSY, TSS_LIMIT, 0},
		.cr0 = CR0_ET | CR0_PE,
		.rip = start->rip,
	};
}

static struct start_state start_long64(const struct vcpu_start_state *start)
{
	struct start_state state = start_flat(start, CODE64);

	state.gdt_base = start->gdt_base;
	state.gdt_limit = FLAT_GDT_LIMIT;
	state.cr0 |= CR0_PG | CR0_WP | CR0_NE;
	state.cr3 = start->cr3;
	state.cr4 = CR4_PAE;
	state.efer = EFER_LME | EFER_LMA;
	return state;
}

struct start_state start_state_of(const struct vcpu_start_state *start)
{
	switch (start->how) {
	case VCPU_START_SIPI:
		return start_sipi(start->sipi_vector);
	case VCPU_START_LONG64:
		return start_long64(start);
	case VCPU_START_PROTECTED32:
		break;
	}
	return start_flat(start, CODE32);
}
