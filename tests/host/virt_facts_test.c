/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told of the loader's choices. */
/* Links: boot/virt_facts.c */
#include "virt_facts.h"

#include "tap.h"

static void vmx(void)
{
	struct virt_plan plan = {.msrs = MSR_PASS_TSC_DEADLINE};
	struct boot_virt virt = {.is_vmx = 1, .max_leaf = 3};

	plan.features.has_xsavec = true;
	virt.vmx_controls[VMX_SECONDARY] = SECONDARY_VPID;
	TAP_EQUAL(virt_facts(&virt, &plan, false), VIRT_FACT_VMX | VIRT_FACT_TAGGED |
							   VIRT_FACT_PAGES_2M | VIRT_FACT_PAGES_1G |
							   VIRT_FACT_DEADLINE | VIRT_FACT_XSAVEC);
	virt.vmx_controls[VMX_SECONDARY] = 0;
	plan = (struct virt_plan){0};
	virt.max_leaf = 2;
	TAP_EQUAL(virt_facts(&virt, &plan, true), VIRT_FACT_VMX | VIRT_FACT_PAGES_2M);
	virt.max_leaf = 1;
	virt.is_verw_needed = 1;
	TAP_EQUAL(virt_facts(&virt, &plan, false), VIRT_FACT_VMX | VIRT_FACT_VERW);
	virt.is_verw_needed = 0;
	virt.is_l1d_flush_needed = 1;
	TAP_EQUAL(virt_facts(&virt, &plan, false), VIRT_FACT_VMX | VIRT_FACT_L1D_FLUSH);
	virt.is_l1d_flush_needed = 0;
	virt.has_spec_ctrl = 1;
	TAP_EQUAL(virt_facts(&virt, &plan, false), VIRT_FACT_VMX | VIRT_FACT_SPEC_CTRL);
}

/* CVE-2018-12207: no large page, or a word that it is open. */
static void multihit(void)
{
	struct virt_plan plan = {0};
	struct boot_virt virt = {.is_vmx = 1, .max_leaf = 3, .is_multihit = 1};

	TAP_EQUAL(virt_facts(&virt, &plan, false), VIRT_FACT_VMX | VIRT_FACT_SMALL_PAGES);
	TAP_EQUAL(virt_facts(&virt, &plan, true), VIRT_FACT_VMX | VIRT_FACT_PAGES_2M |
							  VIRT_FACT_PAGES_1G |
							  VIRT_FACT_MULTIHIT_OPEN);
}

static void svm(void)
{
	struct virt_plan plan = {0};
	struct boot_virt virt = {.max_leaf = 2, .svm_clean = 1};

	TAP_EQUAL(virt_facts(&virt, &plan, false),
		  VIRT_FACT_TAGGED | VIRT_FACT_PAGES_2M | VIRT_FACT_CLEAN);
}

static const struct tap_case cases[] = {
	{"VT-x", vmx},
	{"multihit", multihit},
	{"SVM", svm},
};

TAP_MAIN(cases)
