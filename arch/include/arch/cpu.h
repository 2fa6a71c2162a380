/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU the code runs on: start-up, identity, idling, other CPUs. */
#pragma once

#include "addr.h"
#include "status.h"

#define CPU_MAX 64u

struct boot_info;

/*
 * What hv knows of a physical CPU. hv owns the array; arch owns `arch`. Written by the boot CPU
 * before the CPU is started, except is_online: written once by the CPU itself (release).
 */
struct cpu {
	struct cpu *self; /* GS:0 */
	uint32_t index;   /* in the machine; the numbers of the configuration file */
	uint32_t apic_id;
	_Atomic bool is_online;
	_Atomic bool is_woken; /* see arch_cpu_idle() */
	/* The one vCPU of this CPU, or NULL. Set while there is none by whoever makes one (then it
	 * kicks the CPU); cleared by the CPU itself. */
	struct vcpu *_Atomic vcpu;
	struct cpu_virt *virt; /* backend's per-CPU state */
};

/* The CPU that runs this. */
struct cpu *arch_this_cpu(void);

/* Descriptor tables, page tables, CR0, CR4, EFER, PAT, XCR0 as the hypervisor wants them: on the
 * running CPU, which is `cpu` from then on. Before it an exception is the end. */
void arch_cpu_init(struct cpu *cpu);

/* Starts another CPU by INIT/SIPI through the loader's page below 1 MiB; it ends up in main(cpu) on
 * its own stack, before arch_cpu_init. Waits up to one second for is_online. HV_NOT_FOUND: it did
 * not come up. */
enum hv_status arch_cpu_start(struct cpu *cpu, struct boot_info *boot,
			      void (*main)(struct cpu *cpu)) MUST_CHECK;

/* Sleeps until cpu->is_woken, and clears it. No wake-up between check and sleep is lost. */
void arch_cpu_idle(struct cpu *cpu);

/* Takes a CPU out of its guest or out of arch_cpu_idle(): sets is_woken and sends an NMI. Never
 * lost: a guest that is just being entered leaves again at once. */
void arch_cpu_kick(struct cpu *cpu);

/* Stops every other CPU for ever (panic). */
void arch_cpu_stop_others(void);

/* The CPU's own random generator; false: it has none, or nothing to give now. */
bool arch_random(uint64_t *value);

_Noreturn void arch_cpu_halt(void); /* this CPU, for ever */
void arch_cpu_pause(void);          /* PAUSE: in every spin loop */
