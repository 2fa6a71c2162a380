/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a VMCS, field by field, and names exits and errors. */
#include "vmx.h"

#include "log.h"
#include "vmcs_rw.h"

struct named {
	uint32_t value;
	const char *name;
};

#define FIELD_NAME(name, encoding) {(encoding), #name},
static const struct named fields[] = {VMCS_FIELDS(FIELD_NAME)};
#undef FIELD_NAME

#define REASON_NAME(name, number, text) {(number), text},
static const struct named reasons[] = {VMX_REASONS(REASON_NAME)};
#undef REASON_NAME

/* SDM 3C, "VM-Instruction Error Numbers": those of an entry. */
static const struct named errors[] = {
	{4, "VMLAUNCH with non-clear VMCS"},
	{5, "VMRESUME with non-launched VMCS"},
	{6, "VMRESUME after VMXOFF"},
	{7, "VM entry with invalid control fields"},
	{8, "VM entry with invalid host-state fields"},
	{26, "VM entry with events blocked by MOV SS"},
};

#define FIELDS_PER_LINE 3u

void vmx_dump(struct vcpu_arch *vcpu)
{
	uint64_t value[FIELDS_PER_LINE];
	uint32_t index[FIELDS_PER_LINE];
	uint32_t count = 0;

	log_notice("VMCS at %lx:", vcpu->control_pa.value);
	for (uint32_t i = 0; i < ARRAY_COUNT(fields); i++) {
		if (vmcs_try_read((enum vmcs_field)fields[i].value, &value[count])) {
			index[count++] = i;
		}
		if (count == FIELDS_PER_LINE) {
			log_notice("%-23s %16lx  %-23s %16lx  %-23s %16lx", fields[index[0]].name,
				   value[0], fields[index[1]].name, value[1], fields[index[2]].name,
				   value[2]);
			count = 0;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		log_notice("%-23s %16lx", fields[index[i]].name, value[i]);
	}
}

static const char *find(const struct named *list, size_t count, uint32_t value)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].value == value) {
			return list[i].name;
		}
	}
	return "unknown";
}

const char *vmx_exit_name(uint32_t raw_reason)
{
	if (raw_reason == (REASON_ENTRY_FAILED | REASON_BASIC)) {
		return "VMLAUNCH or VMRESUME failed";
	}
	return find(reasons, ARRAY_COUNT(reasons), raw_reason & REASON_BASIC);
}

const char *vmx_error_name(uint32_t error)
{
	return find(errors, ARRAY_COUNT(errors), error);
}
