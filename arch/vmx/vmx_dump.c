/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a VMCS, field by field. */
#include "vmx.h"

#include "fmt.h"
#include "log.h"
#include "names.h"
#include "vmcs_rw.h"

#define FIELDS_PER_LINE 3u

void vmx_dump(struct vcpu_arch *vcpu)
{
	char line[FIELDS_PER_LINE * 42 + 1];
	size_t length = 0;
	uint32_t count = 0;

	log_notice("VMCS at %lx:", vcpu->control_pa.value);
	for (const struct name *field = names_vmcs_field; field->text != NULL; field++) {
		uint64_t value;

		if (!vmcs_try_read((enum vmcs_field)field->value, &value)) {
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

const char *vmx_exit_name(uint32_t raw_reason)
{
	return name_find(names_vmx_exit, raw_reason & REASON_BASIC);
}
