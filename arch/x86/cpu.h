/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of arch/x86 and the backends need of the running CPU. */
#pragma once

/* A CPU's own descriptor tables. */
struct cpu;
struct gdt_page *cpu_tables(const struct cpu *cpu);

/* First C function: descriptor tables, IDT and a GS base that serve until arch_cpu_init(). */
void cpu_early_init(void);

/* In entry.asm. */
_Noreturn void cpu_switch_stack(struct cpu *cpu, void (*main)(struct cpu *cpu));
void cpu_wait_nmi(const _Atomic _Bool *is_woken);
