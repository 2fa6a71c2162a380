/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up, in order, one reason each. */
#include "arch/clock.h"
#include "arch/lapic.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "arch/vcpu.h"
#include "boot_abi.h"
#include "check.h"
#include "console.h"
#include "cpus.h"
#include "hv/platform.h"
#include "log.h"
#include "modules.h"
#include "owner.h"
#include "page_alloc.h"
#include "panic.h"
#include "report.h"
#include "stage2.h"
#include "vm_life.h"

/* Set once, before the boot CPU changes stacks. */
static struct boot_info *boot_info;

static void fail(const char *what, enum hv_status status, const char *why)
{
	if (status != HV_OK) {
		panic("%s: %s", what, why);
	}
}

/* Second half: on the boot CPU's own stack, on our own page tables. */
static void start_machine(struct cpu *cpu)
{
	struct boot_info *boot = boot_info;
	const struct boot_memory *memory = arch_pa_to_va(hpa_from_u64(boot->memory));
	const char *why = "";
	struct vm *owner;

	arch_clock_init(boot->time.tsc_hz); /* first: delays need it */
	arch_lapic_init();
	console_init(boot); /* now a person can read on */
	log_notice("Bulkhead on CPU %u, APIC ID %u%s", cpu->index, cpu->apic_id,
		   arch_lapic_is_x2apic() ? ", x2APIC" : ", xAPIC");
	platform_interrupts_init(boot);
	platform_power_init(boot); /* so that a test ends, however it goes on */
	fail("virtualization", arch_virt_probe(&why), why);
	arch_virt_cpuid_init(arch_pa_to_va(hpa_from_u64(boot->guest_cpuid)), boot->cpu_count);
	fail("virtualization", arch_virt_enable(), "cannot be switched on");
	fail("owner table", owner_init(memory, boot->memory_count), "no hypervisor memory left");
	fail("kernels", modules_init(boot), "no hypervisor memory left");
	stage2_init(boot->config.huge_pages == CONFIG_HUGE_PAGES_ALWAYS);
	cpus_start_others(boot); /* before partitions: they need to know which CPUs are there */
	vm_create_all(boot);
	report_machine(boot);
	owner = vm_uart_owner(); /* from now on keys typed reach it */
	if (owner != NULL && owner->vcpu_count > 0 &&
	    !platform_console_interrupt(boot, owner->vcpus[0]->cpu->apic_id)) {
		log_info("no I/O APIC: partition %s gets its input late", owner->name);
	}
	vm_start_all(boot);
	cpus_loop(cpu);
}

void hv_main(struct boot_info *boot)
{
	struct cpu *cpu;

	CHECK(boot->magic == BOOT_MAGIC && boot->version == BOOT_VERSION &&
	      boot->size == sizeof(*boot));
	boot_info = boot;
	panic_init(boot->config.test_exit != 0);
	page_alloc_init((void *)(HV_VIRT_BASE + boot->region_used),
			boot->region_size - boot->region_used);
	fail("page tables", arch_mmu_init(hpa_from_u64(boot->region_base), boot->region_size),
	     "no hypervisor memory left");
	cpu = cpus_init_boot(boot); /* maps its stacks, with guard pages */
	arch_cpu_init(cpu);
	arch_cpu_enter(cpu, start_machine);
}
