/* SPDX-License-Identifier: Apache-2.0 */
/* arch/cpu.h: halting and idling become jumps and counters. */
#include "arch/spin.h"
#include "fake.h"

#include "boot_abi.h"

#include "check.h"

#include <stdatomic.h>
#include <string.h>

struct fake_cpus fake_cpus;

void fake_reset(void)
{
	memset(&fake_cpus, 0, sizeof(fake_cpus));
	fake_memory_reset();
	fake_vcpu_reset_all();
	fake_lapic_reset();
	fake_clock_reset();
	fake_port_reset();
}

struct cpu *arch_this_cpu(void)
{
	CHECK(fake_cpus.current != NULL);
	return fake_cpus.current;
}

void arch_cpu_init(struct cpu *cpu)
{
	fake_cpus.current = cpu;
}

enum hv_status arch_cpu_start(struct cpu *cpu, struct boot_info *boot,
			      void (*main)(struct cpu *cpu))
{
	(void)main;
	CHECK(boot->trampoline != 0 && boot->trampoline < 0x100000);
	if ((fake_cpus.dead_cpus & BIT(cpu->index)) != 0) {
		return HV_NOT_FOUND;
	}
	atomic_store_explicit(&cpu->is_online, true, memory_order_release);
	return HV_OK;
}

void arch_cpu_idle(struct cpu *cpu)
{
	fake_cpus.idle_count++;
	if (!atomic_load_explicit(&cpu->is_woken, memory_order_acquire)) {
		CHECK(fake_cpus.on_idle != NULL);
		fake_cpus.on_idle(cpu);
	}
	CHECK(atomic_load_explicit(&cpu->is_woken, memory_order_acquire)); /* else it would hang */
	atomic_store_explicit(&cpu->is_woken, false, memory_order_relaxed);
}

void arch_cpu_kick(struct cpu *cpu)
{
	CHECK(cpu->index < CPU_MAX);
	fake_cpus.kick_count[cpu->index]++;
	atomic_store_explicit(&cpu->is_woken, true, memory_order_release);
	if (fake_cpus.on_kick != NULL) {
		fake_cpus.on_kick(cpu);
	}
}

void arch_cpu_stop_others(void)
{
	fake_cpus.stop_others_count++;
}

_Noreturn void arch_cpu_halt(void)
{
	longjmp(fake_cpus.halt_return, 1);
}

bool arch_random(uint64_t *value)
{
	(void)value;
	return false;
}

void arch_cpu_pause(void)
{
	CHECK(fake_cpus.is_pause_allowed);
}

void arch_spin_wait(struct spin_lock *lock, uint32_t ticket)
{
	while (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket) {
		arch_cpu_pause();
	}
}
