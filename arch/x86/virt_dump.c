/* SPDX-License-Identifier: Apache-2.0 */
/* What is logged of a vCPU that has crashed: registers, last exits, the backend's control
 * structure. */
#include "virt_internal.h"

#include "fmt.h"
#include "log.h"
#include "names.h"

#define FIELDS_PER_LINE 3u

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

static void dump_fields(const struct vcpu_arch *vcpu)
{
	char line[FIELDS_PER_LINE * 42 + 1];
	size_t length = 0;
	uint32_t count = 0;

	log_notice("  control structure at %lx:", vcpu->control_pa.value);
	for (const struct name *field = virt_ops->field_names; field->text != NULL; field++) {
		uint64_t value;

		if (!virt_ops->field_read(vcpu, field->value, &value)) {
			continue;
		}
		length += fmt_print(line + length, sizeof(line) - length, "%-23s %16lx  ",
				    field->text, value);
		if (++count % FIELDS_PER_LINE == 0) {
			log_notice("%s", line);
			length = 0;
		}
	}
	if (length > 0) {
		log_notice("%s", line);
	}
}

void arch_vcpu_dump(struct vcpu_arch *vcpu)
{
	log_notice("vCPU %u:", vcpu->index);
	dump_registers(vcpu);
	dump_history(vcpu);
	dump_fields(vcpu);
}
