/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's choices as the bits that `bh info` shows. */
#include "virt_facts.h"

#include "bits.h"

#define LEVEL_2M 2u
#define LEVEL_1G 3u

uint32_t virt_facts(const struct boot_virt *virt, const struct virt_plan *plan, bool is_huge_always)
{
	bool is_vmx = virt->is_vmx != 0;
	bool is_small = virt->is_multihit != 0 && !is_huge_always;
	const struct {
		bool is_so;
		uint32_t fact;
	} rows[] = {
		{is_vmx, VIRT_FACT_VMX},
		{!is_vmx || (virt->vmx_controls[VMX_SECONDARY] & SECONDARY_VPID) != 0,
		 VIRT_FACT_TAGGED},
		{!is_small && virt->max_leaf >= LEVEL_2M, VIRT_FACT_PAGES_2M},
		{!is_small && virt->max_leaf >= LEVEL_1G, VIRT_FACT_PAGES_1G},
		{(plan->msrs & MSR_PASS_TSC_DEADLINE) != 0, VIRT_FACT_DEADLINE},
		{plan->features.has_xsavec, VIRT_FACT_XSAVEC},
		{virt->svm_clean != 0, VIRT_FACT_CLEAN},
		{is_small, VIRT_FACT_SMALL_PAGES},
		{virt->is_multihit != 0 && is_huge_always, VIRT_FACT_MULTIHIT_OPEN},
		{virt->is_verw_needed != 0, VIRT_FACT_VERW},
		{virt->is_l1d_flush_needed != 0, VIRT_FACT_L1D_FLUSH},
		{virt->has_spec_ctrl != 0, VIRT_FACT_SPEC_CTRL},
	};
	uint32_t facts = 0;

	for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
		facts |= rows[i].is_so ? rows[i].fact : 0;
	}
	return facts;
}
