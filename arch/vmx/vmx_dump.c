/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a VMCS, field by field. */
#include "vmx.h"

#include "log.h"
#include "names.h"
#include "vmcs_rw.h"

#define FIELD_NAME(name, encoding) {(encoding), #name},
static const struct name fields[] = {VMCS_FIELDS(FIELD_NAME)};
#undef FIELD_NAME

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
			log_notice("%-23s %16lx  %-23s %16lx  %-23s %16lx", fields[index[0]].text,
				   value[0], fields[index[1]].text, value[1], fields[index[2]].text,
				   value[2]);
			count = 0;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		log_notice("%-23s %16lx", fields[index[i]].text, value[i]);
	}
}

const char *vmx_exit_name(uint32_t raw_reason)
{
	return name_find(names_vmx_exit, raw_reason & REASON_BASIC);
}
