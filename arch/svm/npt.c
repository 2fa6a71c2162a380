/* SPDX-License-Identifier: Apache-2.0 */
/* The format of nested page-table entries. APM 2, "Nested Paging". */
#include "svm.h"

#include "regs.h"

/* A nested walk is a user access (APM 2, "Nested Table Walk"): U is always 1. PCD and PWT choose
 * entry 3 of the host's PAT, UC; the guest's PAT combines with it (APM 2, "Combining Memory Types,
 * MTRRs"). */
const struct stage2_format svm_npt_format = {
	.table = PTE_P | PTE_W | PTE_U,
	.leaf = PTE_P | PTE_U,
	.no_execute = PTE_NX,
	.uncached = PTE_PCD | PTE_PWT,
};
