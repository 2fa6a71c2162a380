/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up of the CPUs, and the loop each of them lives in. */
#include "cpus.h"

#include "arch/lapic.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "check.h"
#include "log.h"
#include "vcpu_run.h"

#include <stdatomic.h>

static struct cpu cpus[CPU_MAX];
static uint32_t count;

static void prepare(struct cpu *cpu)
{
	cpu->private_pages = page_alloc(CPU_PRIVATE_PAGES);
	if (cpu->private_pages == NULL || arch_cpu_prepare(cpu, cpu->private_pages) != HV_OK) {
		panic("no hypervisor memory left for CPU %u", cpu->index);
	}
}

struct cpu *cpus_init_boot(const struct boot_info *boot)
{
	const struct boot_cpu *list = arch_pa_to_va(hpa_from_u64(boot->cpus));
	struct cpu *boot_cpu = NULL;

	count = boot->cpu_count < CPU_MAX ? boot->cpu_count : CPU_MAX;
	for (uint32_t i = 0; i < count; i++) {
		cpus[i].self = &cpus[i];
		cpus[i].index = i;
		cpus[i].apic_id = list[i].apic_id;
		if (list[i].is_boot_cpu != 0) {
			boot_cpu = &cpus[i];
		}
	}
	CHECK(boot_cpu != NULL);
	prepare(boot_cpu);
	atomic_store(&boot_cpu->is_online, true);
	return boot_cpu;
}

/* First C function of another CPU, on its own stack. */
static void enter(struct cpu *cpu)
{
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

void cpus_start_others(const struct boot_info *boot)
{
	for (uint32_t i = 0; i < count; i++) {
		if (atomic_load(&cpus[i].is_online)) {
			continue;
		}
		prepare(&cpus[i]);
		if (arch_cpu_start(&cpus[i], hpa_from_u64(boot->trampoline), enter) != HV_OK) {
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

void cpus_loop(struct cpu *cpu)
{
	for (;;) {
		if (cpu->vcpu == NULL || !vcpu_run(cpu->vcpu)) {
			arch_cpu_idle(cpu);
		}
	}
}
