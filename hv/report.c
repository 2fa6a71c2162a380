/* SPDX-License-Identifier: Apache-2.0 */
/* Figures for people and tests. */
#include "report.h"

#include "arch/clock.h"
#include "arch/mmu.h"
#include "boot_abi.h"
#include "cpus.h"
#include "fmt.h"
#include "hv/stats.h"
#include "hv/vm.h"
#include "log.h"
#include "names.h"
#include "owner.h"
#include "page_alloc.h"

#define EXITS_TEXT_MAX 240u

static void format_exits(const struct vcpu *vcpu, char text[EXITS_TEXT_MAX])
{
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < EXIT_COUNT_REASONS; i++) {
		if (vcpu->arch.exit_count[i] != 0) {
			length += fmt_print(text + length, EXITS_TEXT_MAX - length, " %s=%lu",
					    name_find(names_exit, i), vcpu->arch.exit_count[i]);
		}
	}
}

void stats_mark(struct vcpu *vcpu, uint8_t byte)
{
	uint64_t tsc = arch_tsc(); /* before the slow part */
	char text[EXITS_TEXT_MAX];

	format_exits(vcpu, text);
	log_info("partition %s: vCPU %u: mark 0x%02x tsc=%lu exits%s", vcpu->vm->name, vcpu->index,
		 byte, tsc, text);
}

void report_exits(const struct vm *vm)
{
	char text[EXITS_TEXT_MAX];

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		format_exits(vm->vcpus[i], text);
		log_info("partition %s: vCPU %u: exits%s", vm->name, i, text);
	}
}

static void report_vm(const struct vm *vm)
{
	char cpus[80] = "";
	size_t length = 0;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		length += fmt_print(cpus + length, sizeof(cpus) - length, "%s%u", i == 0 ? "" : ",",
				    vm->vcpus[i]->cpu->index);
	}
	log_info("partition %s: CPU %s, %lu MiB in %u piece%s", vm->name, cpus,
		 (vm->memory_size >> 20), vm->extent_count, vm->extent_count == 1 ? "" : "s");
	log_debug("partition %s: stage2=0x%lx", vm->name, vm->arch.stage2_root.value);
	for (uint32_t i = 0; i < vm->extent_count; i++) {
		log_debug("partition %s: ram=0x%lx+0x%lx", vm->name, vm->extents[i].host.value,
			  vm->extents[i].size);
	}
}

void report_machine(const struct boot_info *boot)
{
	uint64_t used = boot->region_used + ((uint64_t)page_alloc_used() << PAGE_SHIFT);

	log_info("%u CPUs, TSC %lu kHz, %lu MiB left for partitions", cpus_count(),
		 (arch_tsc_hz() / 1000), (owner_total(OWNER_FREE) >> 20));
	log_info("hypervisor keeps %lu KiB (of %lu KiB set aside), image and boot data %lu KiB",
		 (used >> 10), (boot->region_size >> 10), (boot->region_used >> 10));
	log_debug("root=0x%lx region=0x%lx+0x%lx", arch_mmu_root(), boot->region_base,
		  boot->region_size);
	for (uint32_t i = 0; i < CONFIG_PARTITION_MAX; i++) {
		if (vm_get(i) != NULL) {
			report_vm(vm_get(i));
		}
	}
}
