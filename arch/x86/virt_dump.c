/* SPDX-License-Identifier: Apache-2.0 */
/* What is logged of a vCPU that has crashed: registers, last exits, the backend's control
 * structure. */
#include "virt_internal.h"

#include "log.h"

static void dump_registers(struct vcpu_arch *vcpu)
{
	static const char *const names[] = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
					    "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15"};
	uint64_t value[ARRAY_COUNT(names)];

	for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
		value[i] = arch_vcpu_get(vcpu, (enum vcpu_reg)i);
	}
	log_notice("  RIP %016lx", vcpu->rip);
	for (uint32_t i = 0; i < ARRAY_COUNT(names); i += 4) {
		log_notice("  %s %016lx %s %016lx %s %016lx %s %016lx", names[i], value[i],
			   names[i + 1], value[i + 1], names[i + 2], value[i + 2], names[i + 3],
			   value[i + 3]);
	}
}

/* Oldest first. */
static void dump_history(const struct vcpu_arch *vcpu)
{
	uint32_t count = vcpu->history_next < EXIT_HISTORY ? vcpu->history_next : EXIT_HISTORY;

	log_notice("  last exits of %lu:", vcpu->exit_count[EXIT_COUNT_TOTAL]);
	for (uint32_t i = vcpu->history_next - count; i != vcpu->history_next; i++) {
		const struct exit_record *record = &vcpu->history[i % EXIT_HISTORY];

		log_notice("  %016lx %s, %x", record->rip, virt_ops->exit_name(record->raw_reason),
			   record->info);
	}
}

void arch_vcpu_dump(struct vcpu_arch *vcpu)
{
	log_notice("vCPU %u:", vcpu->index);
	dump_registers(vcpu);
	dump_history(vcpu);
	virt_ops->dump(vcpu);
}
