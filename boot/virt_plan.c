/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses how the hypervisor uses VT-x or SVM on this machine. */
#include "virt_plan.h"

#include "cpu_ops.h"
#include "msr_list.h"
#include "vmx_control.h"
#include "xsave_check.h"

#define VENDOR_AMD_ECX      0x444d4163u /* "cAMD" */
#define VENDOR_HYGON_ECX    0x656e6975u /* "uine" */
#define LEAF_SVM            0x8000000au
#define CPUID_1_ECX_VMX     BIT32(5)
#define CPUID_SVM_EDX_CLEAN BIT32(5)
#define CPUID_SVM_EDX_FLUSH BIT32(6) /* by ASID */
#define SVM_ASID_COUNT_MIN  2u

/* SDM 3D, Appendix A, "VMX Capability Reporting Facility". */
#define MSR_IA32_VMX_BASIC              0x480u
#define MSR_IA32_VMX_PINBASED_CTLS      0x481u
#define MSR_IA32_VMX_PROCBASED_CTLS     0x482u
#define MSR_IA32_VMX_EXIT_CTLS          0x483u
#define MSR_IA32_VMX_ENTRY_CTLS         0x484u
#define MSR_IA32_VMX_CR0_FIXED0         0x486u
#define MSR_IA32_VMX_CR0_FIXED1         0x487u
#define MSR_IA32_VMX_CR4_FIXED0         0x488u
#define MSR_IA32_VMX_CR4_FIXED1         0x489u
#define MSR_IA32_VMX_PROCBASED_CTLS2    0x48bu
#define MSR_IA32_VMX_EPT_VPID_CAP       0x48cu
#define MSR_IA32_VMX_TRUE_PINBASED_CTLS 0x48du

/* SDM 4, "IA32_ARCH_CAPABILITIES". */
#define ARCH_RDCL_NO            BIT(0)
#define ARCH_SKIP_L1DFL_VMENTRY BIT(3)
#define ARCH_MDS_NO             BIT(5)
#define ARCH_IF_PSCHANGE_MC_NO  BIT(6)
#define ARCH_TAA_NO             BIT(8)
#define CPUID_7_EDX_MD_CLEAR    BIT32(10)
#define CPUID_7_EDX_L1D_FLUSH   BIT32(28)

/* CPUID 8000_0008 EBX (APM 3, "Function 8000_0008h"). */
#define CPUID_EXT8_EBX_INVLPGB BIT32(3)
#define CPUID_EXT8_EBX_RDPRU   BIT32(4)
#define CPUID_EXT8_EBX_MCOMMIT BIT32(8)
#define CPUID_EXT8_EBX_IBPB    BIT32(12)
#define CPUID_EXT8_EBX_IBRS    BIT32(14)
#define CPUID_EXT8_EBX_STIBP   BIT32(15)
#define CPUID_EXT8_EBX_SSBD    BIT32(24)

/* VMCB fields (APM 2, Appendix B, "Layout of VMCB"). */
#define INTERCEPT_2_RDPRU           BIT32(14)
#define INTERCEPT_3_INVLPGB         BIT32(0)
#define INTERCEPT_3_INVLPGB_ILLEGAL BIT32(1)
#define INTERCEPT_3_MCOMMIT         BIT32(3)
#define INTERCEPT_3_TLBSYNC         BIT32(4)

static struct cpuid_regs leaf_or_zero(uint32_t leaf)
{
	return cpuid_has(leaf) ? cpuid_read(leaf, 0) : (struct cpuid_regs){0};
}

static uint32_t deadline_msr(void)
{
	return (cpuid_read(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) != 0
		       ? MSR_PASS_TSC_DEADLINE
		       : 0;
}

/* --- VT-x ------------------------------------------------------------------------------------- */

static void read_capabilities(struct vmx_capabilities *capabilities)
{
	uint64_t *controls = capabilities->controls;
	uint32_t shift = 0;

	capabilities->basic = msr_read(MSR_IA32_VMX_BASIC);
	if ((capabilities->basic & VMX_BASIC_TRUE_CONTROLS) != 0) {
		shift = MSR_IA32_VMX_TRUE_PINBASED_CTLS - MSR_IA32_VMX_PINBASED_CTLS;
	}
	controls[VMX_PIN] = msr_read(MSR_IA32_VMX_PINBASED_CTLS + shift);
	controls[VMX_PROCESSOR] = msr_read(MSR_IA32_VMX_PROCBASED_CTLS + shift);
	controls[VMX_EXIT] = msr_read(MSR_IA32_VMX_EXIT_CTLS + shift);
	controls[VMX_ENTRY] = msr_read(MSR_IA32_VMX_ENTRY_CTLS + shift);
	/* The last two exist only where the controls before them say so. */
	if ((high32(controls[VMX_PROCESSOR]) & PROCESSOR_SECONDARY) != 0) {
		controls[VMX_SECONDARY] = msr_read(MSR_IA32_VMX_PROCBASED_CTLS2);
	}
	if ((high32(controls[VMX_SECONDARY]) & (SECONDARY_EPT | SECONDARY_VPID)) != 0) {
		capabilities->ept_vpid = msr_read(MSR_IA32_VMX_EPT_VPID_CAP);
	}
}

/*
 * CPUs without the page-size-change fault say so in IA32_ARCH_CAPABILITIES; these models are known
 * to be free of it even where (under an emulator) the MSR is missing: Ice Lake, Tiger Lake, Rocket
 * Lake, Alder Lake, Sapphire Rapids.
 */
static bool is_multihit_safe_model(void)
{
	static const uint8_t safe[] = {0x6a, 0x6c, 0x7d, 0x7e, 0x8c, 0x8d, 0x8f, 0x97, 0x9a, 0xa7};
	uint32_t signature = cpuid_read(CPUID_FEATURES, 0).eax;
	uint32_t family = signature >> 8 & 0xf;
	uint32_t model = (signature >> 4 & 0xf) | (signature >> 12 & 0xf0);

	for (uint32_t i = 0; i < ARRAY_COUNT(safe) && family == 6; i++) {
		if (safe[i] == model) {
			return true;
		}
	}
	return false;
}

static void choose_mitigations(struct boot_virt *virt)
{
	uint32_t edx = leaf_or_zero(CPUID_EXTENDED_FEATURES).edx;
	uint64_t arch = 0;

	if ((edx & CPUID_7_EDX_ARCH_CAPABILITIES) != 0) {
		arch = msr_read(MSR_IA32_ARCH_CAPABILITIES);
	}
	virt->is_multihit = (arch & ARCH_IF_PSCHANGE_MC_NO) == 0 && !is_multihit_safe_model();
	virt->is_verw_needed = (edx & CPUID_7_EDX_MD_CLEAR) != 0 &&
			       (arch & (ARCH_MDS_NO | ARCH_TAA_NO)) != (ARCH_MDS_NO | ARCH_TAA_NO);
	virt->is_l1d_flush_needed = (edx & CPUID_7_EDX_L1D_FLUSH) != 0 &&
				    (arch & (ARCH_RDCL_NO | ARCH_SKIP_L1DFL_VMENTRY)) == 0;
	virt->has_spec_ctrl = (edx & CPUID_7_EDX_SPEC_CTRL) != 0;
}

static bool plan_vmx(struct boot_virt *virt, struct virt_plan *plan, const char **why)
{
	struct vmx_capabilities capabilities = {0};
	uint32_t secondary;

	read_capabilities(&capabilities);
	if (!vmx_control_choose(&capabilities, virt->vmx_controls, why)) {
		return false;
	}
	virt->is_vmx = 1;
	virt->control_revision = low32(capabilities.basic & VMX_BASIC_REVISION);
	virt->max_leaf = vmx_control_max_leaf(capabilities.ept_vpid);
	virt->cr0_fixed0 = msr_read(MSR_IA32_VMX_CR0_FIXED0);
	virt->cr0_fixed1 = msr_read(MSR_IA32_VMX_CR0_FIXED1);
	virt->cr4_fixed0 = msr_read(MSR_IA32_VMX_CR4_FIXED0);
	virt->cr4_fixed1 = msr_read(MSR_IA32_VMX_CR4_FIXED1);
	choose_mitigations(virt);
	secondary = virt->vmx_controls[VMX_SECONDARY];
	plan->features = (struct guest_features){
		.has_rdtscp = (secondary & SECONDARY_RDTSCP) != 0,
		.has_invpcid = (secondary & SECONDARY_INVPCID) != 0,
		.has_pcid = (secondary & SECONDARY_VPID) != 0,
		.has_xsaves = (secondary & SECONDARY_XSAVES) != 0,
		.has_spec_ctrl = virt->has_spec_ctrl != 0,
	};
	plan->msr_format = &vmx_msr_format;
	plan->msrs = MSR_PASS_SWITCHED | deadline_msr();
	plan->msrs |= plan->features.has_rdtscp ? MSR_PASS_TSC_AUX : 0;
	plan->msrs |= plan->features.has_spec_ctrl ? MSR_PASS_SPEC_CTRL | MSR_PASS_PRED_CMD : 0;
	return true;
}

/* --- SVM -------------------------------------------------------------------------------------- */

/* SVM hides no instruction of its own accord: what the CPU has, the guest has. */
static bool plan_svm(struct boot_virt *virt, struct virt_plan *plan, const char **why)
{
	struct cpuid_regs svm = leaf_or_zero(LEAF_SVM);
	uint32_t ebx = leaf_or_zero(CPUID_ADDRESS_SIZES).ebx;
	uint32_t edx = cpuid_read(CPUID_EXTENDED_SIGNATURE, 0).edx;

	if (svm.ebx < SVM_ASID_COUNT_MIN) {
		*why = "SVM without address-space identifiers";
		return false;
	}
	virt->max_leaf = (edx & CPUID_EXT1_EDX_PAGE1GB) != 0 ? 3 : 2;
	virt->svm_clean = (svm.edx & CPUID_SVM_EDX_CLEAN) != 0 ? VMCB_CLEAN_ALL : 0;
	virt->svm_flush_asid = (svm.edx & CPUID_SVM_EDX_FLUSH) != 0 ? VMCB_TLB_CONTROL_FLUSH_ASID
								    : VMCB_TLB_CONTROL_FLUSH_ALL;
	virt->has_spec_ctrl =
		(ebx & (CPUID_EXT8_EBX_IBRS | CPUID_EXT8_EBX_STIBP | CPUID_EXT8_EBX_SSBD)) != 0;
	/* Reserved intercept bits must be 0, so only what exists. */
	virt->svm_intercept_2 = (ebx & CPUID_EXT8_EBX_RDPRU) != 0 ? INTERCEPT_2_RDPRU : 0;
	virt->svm_intercept_3 = (ebx & CPUID_EXT8_EBX_MCOMMIT) != 0 ? INTERCEPT_3_MCOMMIT : 0;
	if ((ebx & CPUID_EXT8_EBX_INVLPGB) != 0) {
		virt->svm_intercept_3 |=
			INTERCEPT_3_INVLPGB | INTERCEPT_3_INVLPGB_ILLEGAL | INTERCEPT_3_TLBSYNC;
	}
	plan->features = (struct guest_features){
		.has_rdtscp = true,
		.has_invpcid = true,
		.has_pcid = true,
		.has_xsaves = true,
		.has_waitpkg = true,
		.has_spec_ctrl = virt->has_spec_ctrl != 0,
	};
	plan->msr_format = &svm_msr_format;
	plan->msrs = deadline_msr();
	plan->msrs |= (edx & CPUID_EXT1_EDX_RDTSCP) != 0 ? MSR_PASS_TSC_AUX : 0;
	plan->msrs |= virt->has_spec_ctrl != 0 ? MSR_PASS_SPEC_CTRL : 0;
	plan->msrs |= (ebx & CPUID_EXT8_EBX_IBPB) != 0 ? MSR_PASS_PRED_CMD : 0;
	return true;
}

/* AMD, or Hygon, which has AMD's MSRs. */
static bool is_amd(void)
{
	uint32_t vendor = cpuid_read(CPUID_VENDOR, 0).ecx;

	return vendor == VENDOR_AMD_ECX || vendor == VENDOR_HYGON_ECX;
}

static void list_msrs(struct boot_virt *virt)
{
	uint32_t edx = leaf_or_zero(CPUID_EXTENDED_FEATURES).edx;
	struct msr_list_facts facts = {
		.is_amd = is_amd(),
		.has_arch_capabilities = (edx & CPUID_7_EDX_ARCH_CAPABILITIES) != 0,
		.has_spec_ctrl = virt->has_spec_ctrl != 0,
		.has_xsaves = virt->has_xsaves != 0,
	};

	virt->msr_count = msr_list_fill(virt->msrs, &facts);
}

bool virt_plan(struct boot_virt *virt, struct virt_plan *plan, const char **why)
{
	bool is_vmx = (cpuid_read(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_VMX) != 0;

	if (!(is_vmx ? plan_vmx(virt, plan, why) : plan_svm(virt, plan, why))) {
		return false;
	}
	virt->has_xsaves = plan->features.has_xsaves;
	plan->features.has_xsavec = xsave_is_compacted_right();
	plan->features.has_xsaves = plan->features.has_xsaves && plan->features.has_xsavec;
	list_msrs(virt);
	return true;
}
