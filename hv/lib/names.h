/* SPDX-License-Identifier: Apache-2.0 */
/* Names for people. The tables are made from tools/names.txt; nothing decides by a text. */
#pragma once

#include <stdint.h>

/* A table ends with a NULL text. */
struct name {
	uint32_t value;
	const char *text;
};
extern const struct name names_exit[]; /* by enum hypercall_exit */
extern const struct name names_exception[];
extern const struct name names_vmx_exit[];
extern const struct name names_vmcs_field[];
extern const struct name names_vmx_error[];
extern const struct name names_svm_exit[];
extern const struct name names_vmcb_field[];

/* "unknown": not in the table. */
static inline const char *name_find(const struct name *table, uint32_t value)
{
	while (table->text != 0 && table->value != value) {
		table++;
	}
	return table->text != 0 ? table->text : "unknown";
}
