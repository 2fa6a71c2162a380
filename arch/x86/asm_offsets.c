/* SPDX-License-Identifier: Apache-2.0 */
/* Source of asm_offsets.inc: what the assembly files must know of C structs. */
#include "arch/cpu.h"
#include "arch/trap.h"
#include "arch/vcpu.h"
#include "regs.h"

void asm_offsets(void);

/* The Makefile picks "->NAME value" out of the compiler's assembly output. */
#define DEFINE(name, value) __asm__ volatile(".ascii \"->" #name " %c0\"" : : "i"(value))

void asm_offsets(void)
{
	DEFINE(CPU_VCPU, offsetof(struct cpu, vcpu));
	DEFINE(CPU_VIRT, offsetof(struct cpu, virt));
	DEFINE(CPU_IS_WOKEN, offsetof(struct cpu, is_woken));

	DEFINE(VCPU_GPR, offsetof(struct vcpu_arch, gpr));
	DEFINE(VCPU_RIP_CACHED, offsetof(struct vcpu_arch, rip));
	DEFINE(VCPU_CONTROL, offsetof(struct vcpu_arch, control));
	DEFINE(VCPU_CONTROL_PA, offsetof(struct vcpu_arch, control_pa));
	DEFINE(VCPU_IS_LAUNCHED, offsetof(struct vcpu_arch, is_launched));
	DEFINE(VCPU_PENDING_EVENT, offsetof(struct vcpu_arch, pending_event));
	DEFINE(VCPU_BACKEND, offsetof(struct vcpu_arch, backend));

	DEFINE(FRAME_VECTOR, offsetof(struct trap_frame, vector));
	DEFINE(FRAME_RIP, offsetof(struct trap_frame, rip));
	DEFINE(FRAME_SIZE, sizeof(struct trap_frame));

	DEFINE(SELECTOR_CODE, SELECTOR_CODE);
	DEFINE(SELECTOR_DATA, SELECTOR_DATA);
}
