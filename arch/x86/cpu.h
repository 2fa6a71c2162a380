/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of arch/x86 and the backends need of the running CPU. */
#pragma once

#include <stdint.h>

/* Value of CR4 in host mode on every CPU, without VMXE; the hypervisor's own, no guest's. */
uint64_t cpu_host_cr4(void);

/* First C function: descriptor tables, IDT and a GS base that serve until arch_cpu_init(). */
void cpu_early_init(void);

/* In entry.asm. */
struct cpu;
_Noreturn void cpu_switch_stack(struct cpu *cpu, void (*main)(struct cpu *cpu));
void cpu_wait_nmi(const _Atomic _Bool *is_woken);
