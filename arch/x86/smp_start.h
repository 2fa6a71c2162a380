/* SPDX-License-Identifier: Apache-2.0 */
/* The AP trampoline (ap_start.asm) and the block of parameters at its end. */
#pragma once

#include <stdint.h>

struct cpu;

/* Filled in by the boot CPU in the copy of the trampoline below 1 MiB. */
struct start_block {
	uint64_t root; /* CR3: the hypervisor's space plus the trampoline page, identity mapped */
	uint64_t stack;
	uint64_t cpu;   /* struct cpu * */
	uint64_t entry; /* smp_start_entered */
};

/* In ap_start.asm. The image is position independent within one page below 1 MiB. */
extern const uint8_t ap_trampoline[];
extern const uint8_t ap_trampoline_end[];
extern const uint8_t ap_trampoline_block[]; /* struct start_block */

_Noreturn void smp_start_entered(struct cpu *cpu);
