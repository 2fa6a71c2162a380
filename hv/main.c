/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up, in order, one reason each. */
#include "arch/clock.h"
#include "arch/lapic.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "arch/vcpu.h"
#include "boot_abi.h"
#include "console.h"
#include "cpus.h"
#include "hv/entropy.h"
#include "hv/platform.h"
#include "log.h"
#include "manage.h"
#include "owner.h"
#include "page_alloc.h"
#include "panic.h"
#include "report.h"
#include "space_abi.h"
#include "stage2.h"
#include "vm_life.h"

static void fail(const char *what, enum hv_status status, const char *why)
{
	if (status != HV_OK) {
		panic("%s: %s", what, why);
	}
}

/* What all the rest relies on. */
static bool is_sound(const struct boot_info *boot)
{
	return boot->magic == BOOT_MAGIC && boot->version == BOOT_VERSION &&
	       boot->size == sizeof(*boot) && is_aligned(boot->region_base, HV_REGION_ALIGN) &&
	       boot->region_size <= SPACE_REGION_MAX && boot->region_used < boot->region_size &&
	       boot->start_root <= UINT32_MAX && boot->time.tsc_hz != 0 &&
	       boot->cpu_count <= CPU_MAX;
}

void hv_main(struct boot_info *boot)
{
	struct vm *owner;
	struct cpu *cpu;

	if (!is_sound(boot)) {
		arch_cpu_halt(); /* there is nothing yet to say it with */
	}
	arch_mmu_init(boot);
	cpu = cpus_init_boot(boot);
	arch_cpu_init(cpu); /* from here on exceptions are reported */
	panic_init(boot->config.test_exit != 0);
	page_alloc_init((void *)(HV_VIRT_BASE + boot->region_used),
			boot->region_size - boot->region_used);
	arch_clock_init(boot->time.tsc_hz); /* first: delays need it */
	arch_lapic_init();
	console_init(boot); /* now a person can read on */
	log_notice("Bulkhead on CPU %u, APIC ID %u%s", cpu->index, cpu->apic_id,
		   arch_lapic_is_x2apic() ? ", x2APIC" : ", xAPIC");
	platform_power_init(boot); /* so that a test ends, however it goes on */
	arch_virt_init(boot);
	fail("virtualization", arch_virt_enable(), "cannot be switched on");
	fail("owner table", owner_init(boot->memory, boot->memory_count),
	     "no hypervisor memory left");
	stage2_init(boot->config.huge_pages == CONFIG_HUGE_PAGES_ALWAYS);
	cpus_start_others(boot); /* before partitions: they need to know which CPUs are there */
	entropy_init(boot);
	manage_init(boot);
	vm_create_all(boot);
	report_machine(boot);
	platform_console_rearm(); /* from now on keys typed reach their partition */
	owner = vm_with_flag(CONFIG_PARTITION_OWNS_UART0);
	if (owner != NULL && boot->is_uart_routed == 0) {
		log_info("no I/O APIC: partition %s gets its input late", owner->name);
	}
	vm_start_all(boot);
	cpus_loop(cpu);
}
