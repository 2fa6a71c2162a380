/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a CPU's virtualization suffices, from what it says of itself. */
#include "virt_check.h"

struct verdict {
	const char **reason;
	const char **remedy;
};

static enum hv_status refuse(const struct verdict *verdict, const char *reason, const char *remedy)
{
	*verdict->reason = reason;
	*verdict->remedy = remedy;
	return HV_UNSUPPORTED;
}

static enum hv_status check_vmx(const struct virt_facts *facts, const struct verdict *verdict)
{
	if ((facts->feature_control & FEATURE_CONTROL_LOCK) != 0 &&
	    (facts->feature_control & FEATURE_CONTROL_VMXON) == 0) {
		return refuse(verdict,
			      "VT-x is switched off: IA32_FEATURE_CONTROL (MSR 0x3a) is locked "
			      "with bit 2 clear",
			      "switch it on in the firmware's setup: \"Intel Virtualization "
			      "Technology\" or \"VMX\", in the CPU or security menu");
	}
	if ((facts->procbased & PROCBASED_SECONDARY) == 0 ||
	    (facts->procbased2 & PROCBASED2_EPT) == 0) {
		return refuse(verdict,
			      "this CPU has VT-x without EPT (IA32_VMX_PROCBASED_CTLS2 bit 33)",
			      "a CPU with EPT is needed; no setting helps");
	}
	if ((facts->procbased2 & PROCBASED2_UNRESTRICTED) == 0) {
		return refuse(verdict,
			      "this CPU has VT-x without unrestricted guest "
			      "(IA32_VMX_PROCBASED_CTLS2 bit 39)",
			      "a CPU with unrestricted guest is needed; no setting helps");
	}
	return HV_OK;
}

static enum hv_status check_svm(const struct virt_facts *facts, const struct verdict *verdict)
{
	if ((facts->vm_cr & VM_CR_SVMDIS) != 0) {
		return refuse(verdict,
			      "SVM is switched off: VM_CR.SVMDIS (MSR 0xc0010114 bit 4) is set",
			      "switch it on in the firmware's setup: \"SVM Mode\" or \"AMD-V\", in "
			      "the CPU menu");
	}
	if ((facts->cpuid_8000000a_edx & CPUID_8000000A_EDX_NP) == 0) {
		return refuse(verdict,
			      "this CPU has SVM without nested paging (CPUID 8000000A:EDX bit 0)",
			      "a CPU with nested paging is needed; no setting helps");
	}
	return HV_OK;
}

enum hv_status virt_check(const struct virt_facts *facts, const char **reason, const char **remedy)
{
	struct verdict verdict = {reason, remedy};

	if ((facts->cpuid_1_ecx & CPUID_1_ECX_VMX) != 0) {
		return check_vmx(facts, &verdict);
	}
	if ((facts->cpuid_80000001_ecx & CPUID_80000001_ECX_SVM) != 0) {
		return check_svm(facts, &verdict);
	}
	return refuse(
		&verdict,
		"this CPU has neither VT-x (CPUID.1:ECX bit 5) nor SVM (CPUID 80000001:ECX "
		"bit 2)",
		"switch virtualization on in the firmware's setup, or in the outer hypervisor "
		"(nested virtualization); some firmware hides the bit when it is off");
}
