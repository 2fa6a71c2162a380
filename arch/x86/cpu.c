/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU the code runs on: registers, tables, sleep, wake-up, the end. */
#include "arch/spin.h"
#include "arch/cpu.h"
#include "arch/lapic.h"
#include "arch/mmu.h"
#include "gdt.h"
#include "lapic.h"
#include "msr.h"
#include "paging.h"
#include "regs.h"
#include "traps.h"

#include <stdatomic.h>

struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

void arch_cpu_init(struct cpu *cpu)
{
	/* Before GS points to this CPU's data nothing may fault; afterwards everything is in
	 * place. */
	gdt_load(cpu->index);
	msr_write(MSR_IA32_GS_BASE, (uint64_t)cpu);
	idt_init();
	idt_load();
	regs_write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	msr_write(MSR_IA32_EFER, EFER_LME | EFER_LMA | EFER_NXE);
	msr_write(MSR_IA32_PAT, PAGING_PAT);
	/* Without PGE, loading CR3 also drops what firmware or the start root had as global pages.
	 */
	regs_write_cr4(paging_cr4() & ~CR4_PGE);
	regs_write_cr3(arch_mmu_root());
	regs_write_cr4(paging_cr4());
	regs_write_dr7(DR7_INIT);
	if ((regs_read_cr4() & CR4_OSXSAVE) != 0) {
		regs_write_xcr0(XCR0_X87);
	}
	mce_init();
}

void arch_cpu_idle(struct cpu *cpu)
{
	while (!atomic_exchange_explicit(&cpu->is_woken, false, memory_order_acquire)) {
		cpu_wait_nmi(&cpu->is_woken);
	}
}

void arch_cpu_kick(struct cpu *cpu)
{
	atomic_store_explicit(&cpu->is_woken, true, memory_order_release);
	arch_lapic_send(cpu->apic_id, LAPIC_DELIVERY_NMI, 0);
}

void arch_cpu_stop_others(void)
{
	traps_set_stopping();
	lapic_send_others(LAPIC_DELIVERY_NMI);
}

void arch_cpu_halt(void)
{
	for (;;) {
		__asm__ volatile("cli\n\thlt" : : : "memory");
	}
}

bool arch_random(uint64_t *value)
{
	bool is_given = false;

	if ((regs_cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_RDRAND) != 0) {
		__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(is_given));
	}
	return is_given;
}

void arch_cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

void arch_spin_wait(struct spin_lock *lock, uint32_t ticket)
{
	while (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket) {
		arch_cpu_pause();
	}
}
