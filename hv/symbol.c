/* SPDX-License-Identifier: Apache-2.0 */
/* Looks addresses up in the table that tools/gen_symbols puts into the image. */
#include "arch/upcalls.h"
#include "boot_abi.h"
#include "str.h"

/* Sorted offsets from HV_VIRT_BASE, and as many terminated names in the same order. */
extern const uint32_t symbol_count;
extern const uint32_t symbol_limit; /* where code ends */
extern const uint32_t symbol_offsets[];
extern const char symbol_names[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
	const char *name = symbol_names;
	uint64_t wanted = address - HV_VIRT_BASE;
	uint32_t after = 0;

	while (after < symbol_count && symbol_offsets[after] <= wanted) {
		after++;
	}
	if (after == 0 || wanted >= symbol_limit) {
		return NULL;
	}
	for (uint32_t i = 0; i < after - 1; i++) {
		name += str_length(name) + 1;
	}
	*offset = wanted - symbol_offsets[after - 1];
	return name;
}
