/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up of the CPUs, and the loop each of them lives in. */
#include "cpus.h"

#include "arch/lapic.h"
#include "log.h"
#include "vcpu_run.h"

static struct cpu cpus[CPU_MAX];
static uint32_t count;

struct cpu *cpus_init_boot(const struct boot_info *boot)
{
	count = boot->cpu_count;
	for (uint32_t i = 0; i < count; i++) {
		cpus[i].self = &cpus[i];
		cpus[i].index = i;
		cpus[i].apic_id = boot->cpus[i].apic_id;
	}
	atomic_store(&cpus[0].is_online, true);
	return &cpus[0];
}

/* First C function of another CPU, on its own stack. */
static void enter(struct cpu *cpu)
{
	arch_cpu_init(cpu);
	arch_lapic_init();
	if (arch_virt_enable() != HV_OK) {
		/* The boot CPU could: firmware has set this one up differently. */
		log_error("CPU %u: virtualization is switched off on this CPU by firmware",
			  cpu->index);
		arch_cpu_halt();
	}
	atomic_store_explicit(&cpu->is_online, true, memory_order_release);
	cpus_loop(cpu);
}

void cpus_start_others(struct boot_info *boot)
{
	for (uint32_t i = 1; i < count; i++) {
		if (arch_cpu_start(&cpus[i], boot, enter) != HV_OK) {
			log_error(
				"CPU %u (APIC ID %u) does not start; partitions on it stay stopped",
				i, cpus[i].apic_id);
		}
	}
}

uint32_t cpus_count(void)
{
	return count;
}

struct cpu *cpus_get(uint32_t index)
{
	return index < count ? &cpus[index] : NULL;
}

bool cpus_is_free(uint32_t index)
{
	return index < count && cpus[index].is_online && cpus[index].vcpu == NULL;
}

void cpus_loop(struct cpu *cpu)
{
	for (;;) {
		struct vcpu *vcpu = atomic_load(&cpu->vcpu);

		if (vcpu == NULL || !vcpu_run(vcpu)) {
			arch_cpu_idle(cpu);
		}
	}
}
