/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the CPU has VT-x with EPT or SVM with nested paging, and the firmware left it on. */
#include "console.h"
#include "cpu_ops.h"
#include "loader.h"

/* SDM 2A, "CPUID", and APM 3, "Obtaining Processor Information Via the CPUID Instruction". */
#define CPUID_1_ECX_VMX (1u << 5)
#define CPUID_EXTENDED_FEATURES 0x80000001u
#define CPUID_EXTENDED_ECX_SVM (1u << 2)
#define CPUID_SVM 0x8000000au
#define CPUID_SVM_EDX_NP (1u << 0)
/* SDM 4, "IA-32 Architectural MSRs". */
#define IA32_FEATURE_CONTROL 0x3au
#define FEATURE_CONTROL_LOCK 1u
#define FEATURE_CONTROL_VMXON (1u << 2) /* outside SMX */
#define IA32_VMX_PROCBASED_CTLS 0x482u
#define IA32_VMX_PROCBASED_CTLS2 0x48bu
#define PROCBASED_SECONDARY (UINT64_C(1) << 63)
#define PROCBASED2_EPT (UINT64_C(1) << 33)
#define PROCBASED2_UNRESTRICTED_GUEST (UINT64_C(1) << 39)
/* APM 2, "VM_CR MSR". */
#define VM_CR 0xc0010114u
#define VM_CR_SVMDIS (1u << 4)

static enum hv_status refuse(const char *reason, const char *remedy)
{
	console_print("bulkhead: %s", reason);
	console_print("bulkhead: %s", remedy);
	return HV_UNSUPPORTED;
}

static enum hv_status check_vmx(void)
{
	uint64_t control = msr_read(IA32_FEATURE_CONTROL);
	uint64_t secondary = 0;

	if ((control & FEATURE_CONTROL_LOCK) != 0 && (control & FEATURE_CONTROL_VMXON) == 0) {
		return refuse("VT-x is switched off: IA32_FEATURE_CONTROL (MSR 0x3a) is locked with "
			      "bit 2 clear",
			      "switch it on in the firmware's setup: \"Intel Virtualization "
			      "Technology\" or \"VMX\", in the CPU or security menu");
	}
	if ((msr_read(IA32_VMX_PROCBASED_CTLS) & PROCBASED_SECONDARY) != 0) {
		secondary = msr_read(IA32_VMX_PROCBASED_CTLS2);
	}
	if ((secondary & PROCBASED2_EPT) == 0) {
		return refuse("this CPU has VT-x without EPT (IA32_VMX_PROCBASED_CTLS2 bit 33)",
			      "a CPU with EPT is needed; no setting helps");
	}
	if ((secondary & PROCBASED2_UNRESTRICTED_GUEST) == 0) {
		return refuse("this CPU has VT-x without unrestricted guest "
			      "(IA32_VMX_PROCBASED_CTLS2 bit 39)",
			      "a CPU with unrestricted guest is needed; no setting helps");
	}
	return HV_OK;
}

static enum hv_status check_svm(void)
{
	if ((msr_read(VM_CR) & VM_CR_SVMDIS) != 0) {
		return refuse("SVM is switched off: VM_CR.SVMDIS (MSR 0xc0010114 bit 4) is set",
			      "switch it on in the firmware's setup: \"SVM Mode\" or \"AMD-V\", in "
			      "the CPU menu");
	}
	if (!cpuid_has(CPUID_SVM) || (cpuid_read(CPUID_SVM, 0).edx & CPUID_SVM_EDX_NP) == 0) {
		return refuse("this CPU has SVM without nested paging (CPUID 8000000A:EDX bit 0)",
			      "a CPU with nested paging is needed; no setting helps");
	}
	return HV_OK;
}

enum hv_status virt_check(const struct loader *loader)
{
	if (loader->config.mode == CONFIG_MODE_BARE_METAL) {
		return HV_OK;
	}
	if ((cpuid_read(1, 0).ecx & CPUID_1_ECX_VMX) != 0) {
		return check_vmx();
	}
	if (cpuid_has(CPUID_EXTENDED_FEATURES) &&
	    (cpuid_read(CPUID_EXTENDED_FEATURES, 0).ecx & CPUID_EXTENDED_ECX_SVM) != 0) {
		return check_svm();
	}
	return refuse("this CPU has neither VT-x (CPUID.1:ECX bit 5) nor SVM (CPUID 80000001:ECX "
		      "bit 2)",
		      "switch virtualization on in the firmware's setup, or in the outer hypervisor "
		      "(nested virtualization); some firmware hides the bit when it is off");
}
