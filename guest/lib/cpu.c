/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables of every vCPU. */
#include "cpu.h"

#include "trap.h"

#include <stddef.h>

#define GDT_TSS_FIRST 6u /* null, code, data, user data, user code, spare */
#define GDT_COUNT     (GDT_TSS_FIRST + 2 * CPU_COUNT_MAX)
#define TSS_AVAILABLE 0x89u
#define STACK_BYTES   8192u

/* SDM 3A, "64-Bit TSS Format". */
struct tss {
	uint32_t reserved0;
	uint32_t rsp[6]; /* RSP0, RSP1, RSP2, low half first */
	uint32_t reserved1[2];
	uint32_t ist[14]; /* IST1 to IST7, low half first */
	uint32_t reserved2[2];
	uint16_t reserved3;
	uint16_t io_map_base;
};
_Static_assert(sizeof(struct tss) == 104, "the TSS of the manual");

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static uint64_t gdt[GDT_COUNT] __attribute__((aligned(16))) = {
	0,
	UINT64_C(0x00209a0000000000), /* 0x08: code */
	UINT64_C(0x00cf92000000ffff), /* 0x10: data */
	UINT64_C(0x00cff2000000ffff), /* 0x18: data, DPL 3 */
	UINT64_C(0x0020fa0000000000), /* 0x20: code, DPL 3 */
};
static struct tss tss[CPU_COUNT_MAX];
static uint8_t trap_stacks[CPU_COUNT_MAX][STACK_BYTES] __attribute__((aligned(16)));
static uint8_t double_fault_stacks[CPU_COUNT_MAX][STACK_BYTES] __attribute__((aligned(16)));
static uint8_t user_stacks[CPU_COUNT_MAX][STACK_BYTES] __attribute__((aligned(16)));

static uint64_t stack_top(const uint8_t *stack)
{
	return (uintptr_t)stack + STACK_BYTES;
}

static void load_tables(uint32_t index)
{
	struct table_pointer pointer = {.limit = sizeof(gdt) - 1, .base = (uintptr_t)gdt};
	uint16_t selector = (uint16_t)((GDT_TSS_FIRST + 2 * index) * 8);

	__asm__ volatile("lgdt %0; push %1; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:"
			 :
			 : "m"(pointer), "i"(CPU_SELECTOR_CODE)
			 : "rax", "memory");
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" : : "r"(CPU_SELECTOR_DATA));
	__asm__ volatile("ltr %0" : : "r"(selector));
}

void cpu_init(uint32_t index)
{
	uint64_t base = (uintptr_t)&tss[index];
	uint64_t *descriptor = &gdt[GDT_TSS_FIRST + 2 * index];

	tss[index] = (struct tss){.io_map_base = sizeof(struct tss)};
	tss[index].rsp[0] = (uint32_t)stack_top(trap_stacks[index]);
	tss[index].ist[0] = (uint32_t)stack_top(double_fault_stacks[index]);
	descriptor[0] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
			(uint64_t)TSS_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
	descriptor[1] = base >> 32;
	load_tables(index);
	trap_init();
}

uint32_t cpu_index(void)
{
	uint16_t selector;

	__asm__ volatile("str %0" : "=r"(selector));
	return selector == 0 ? 0 : (selector / 8u - GDT_TSS_FIRST) / 2;
}

uint64_t cpu_user_stack(void)
{
	return stack_top(user_stacks[cpu_index()]);
}

bool cpu_is_amd(void)
{
	return cpu_cpuid(0, 0).ecx == 0x444d4163; /* "cAMD" */
}

uint32_t cpu_cpuid_max(uint32_t base)
{
	uint32_t max = cpu_cpuid(base, 0).eax;

	return max >= base && max < base + 0x10000 ? max : 0;
}
