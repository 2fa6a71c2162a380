/* SPDX-License-Identifier: Apache-2.0 */
/* Registers after a start-up IPI (SDM 3A, "Processor State After Reset"). */
#include "arch/vcpu.h"
#include "regs.h"

/* Access rights: SDM 3C, "Guest Register State". */
#define CODE16   0x009bu
#define DATA16   0x0093u
#define TSS_BUSY 0x008bu
#define LDT      0x0082u

#define REAL_LIMIT 0xffffu

/* INIT keeps CD and NW: caches are on. */
void arch_start_sipi(struct boot_start *start, uint8_t vector)
{
	*start = (struct boot_start){
		.cs = {(uint16_t)(vector << 8), CODE16, REAL_LIMIT, (uint64_t)vector << PAGE_SHIFT},
		.data = {0, DATA16, REAL_LIMIT, 0},
		.ldtr = {0, LDT, REAL_LIMIT, 0},
		.tr = {0, TSS_BUSY, REAL_LIMIT, 0},
		.gdt_limit = REAL_LIMIT,
		.idt_limit = REAL_LIMIT,
		.cr0 = CR0_ET,
		.rdx = regs_cpuid(CPUID_FEATURES, 0).eax,
	};
}
