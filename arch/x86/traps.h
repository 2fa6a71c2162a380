/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own exceptions: vectors, IDT, the NMI. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trap_frame;

/* Interrupt-stack-table slots of the TSS. */
#define IST_NONE 0u
#define IST_NMI  1u
#define IST_DF   2u
#define IST_MC   3u

/* idt.c. Exception gates for all CPUs. */
void idt_init(void);
void idt_load(void);
void idt_load_drain(void); /* while arch_lapic_reset() lets external vectors in */

/* trap_stubs.asm */
#define TRAPS_STUB_SIZE 16u
extern const uint8_t traps_stubs[];
extern const uint8_t traps_drain[];
struct trap_fixup {
	uint64_t at;
	uint64_t to;
};
extern const struct trap_fixup traps_fixups[];
extern const struct trap_fixup traps_fixups_end[];

/* traps.c; called by trap_stubs.asm. */
void traps_handle(struct trap_frame *frame);

/*
 * For VMX, after an NMI exit: the exit has consumed the NMI and left NMIs blocked (SDM 3C, "NMI
 * blocking"). INT 2 runs the host's NMI handler, as the NMI would have; its IRET unblocks NMIs.
 */
static inline void traps_take_nmi(void)
{
	__asm__ volatile("int $2" : : : "memory");
}

/* entry.asm */
void cpu_wait_nmi(const _Atomic bool *is_woken);
extern const uint8_t cpu_wait_nmi_end[];

/* From now on every NMI stops its CPU for ever (panic). */
void traps_set_stopping(void);

/* mce.c: logs the valid machine-check banks and clears them; enables all. */
void mce_take(void);
void mce_init(void);

/* virt.c: what the backend wants done when an NMI arrives in host mode. */
void virt_nmi_in_host(void);
