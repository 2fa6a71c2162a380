/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what virt_check.c judges, touching only registers that exist, and prints the verdict. */
#include "console.h"
#include "cpu_ops.h"
#include "loader.h"
#include "virt_check.h"

#define LEAF_EXTENDED            0x80000001u
#define LEAF_SVM                 0x8000000au
#define IA32_FEATURE_CONTROL     0x3au
#define IA32_VMX_PROCBASED_CTLS  0x482u
#define IA32_VMX_PROCBASED_CTLS2 0x48bu
#define VM_CR                    0xc0010114u

static void read_vmx(struct virt_facts *facts)
{
	facts->feature_control = msr_read(IA32_FEATURE_CONTROL);
	facts->procbased = msr_read(IA32_VMX_PROCBASED_CTLS);
	if ((facts->procbased & PROCBASED_SECONDARY) != 0) {
		facts->procbased2 = msr_read(IA32_VMX_PROCBASED_CTLS2);
	}
}

enum hv_status virt_require(struct loader *loader)
{
	struct virt_facts facts = {.cpuid_1_ecx = cpuid_read(1, 0).ecx};
	const char *reason = "";
	const char *remedy = "";
	enum hv_status status;

	if (loader->file.mode == CONFIG_MODE_BARE_METAL) {
		return HV_OK;
	}
	if (cpuid_has(LEAF_EXTENDED)) {
		facts.cpuid_80000001_ecx = cpuid_read(LEAF_EXTENDED, 0).ecx;
	}
	if ((facts.cpuid_1_ecx & CPUID_1_ECX_VMX) != 0) {
		read_vmx(&facts);
	} else if ((facts.cpuid_80000001_ecx & CPUID_80000001_ECX_SVM) != 0) {
		facts.vm_cr = msr_read(VM_CR);
		facts.cpuid_8000000a_edx = cpuid_has(LEAF_SVM) ? cpuid_read(LEAF_SVM, 0).edx : 0;
	}
	status = virt_check(&facts, &reason, &remedy);
	if (status != HV_OK) {
		console_print("bulkhead: %s", reason);
		console_print("bulkhead: %s", remedy);
	} else if (!virt_plan(&loader->virt, &loader->virt_plan, &reason)) {
		console_print("bulkhead: %s", reason);
		status = HV_UNSUPPORTED;
	}
	return status;
}
