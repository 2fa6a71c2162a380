/* SPDX-License-Identifier: Apache-2.0 */
/* boot/virt_check.c: which bit is named, and what a person is told to do. */
/* Links: boot/virt_check.c */
#include "tap.h"
#include "virt_check.h"

#include <string.h>

static const struct virt_facts good_vmx = {
	.cpuid_1_ecx = CPUID_1_ECX_VMX,
	.procbased = PROCBASED_SECONDARY,
	.procbased2 = PROCBASED2_EPT | PROCBASED2_UNRESTRICTED,
};
static const struct virt_facts good_svm = {
	.cpuid_80000001_ecx = CPUID_80000001_ECX_SVM,
	.cpuid_8000000a_edx = CPUID_8000000A_EDX_NP,
};

static const char *reason;
static const char *remedy;

static void refused(const struct virt_facts *facts, const char *bit, const char *advice)
{
	reason = "";
	remedy = "";
	TAP_EQUAL(virt_check(facts, &reason, &remedy), HV_UNSUPPORTED);
	TAP_CHECK(strstr(reason, bit) != NULL);
	TAP_CHECK(strstr(remedy, advice) != NULL);
}

static void test_vmx(void)
{
	struct virt_facts facts = good_vmx;

	TAP_EQUAL(virt_check(&facts, &reason, &remedy), HV_OK);
	facts.feature_control = FEATURE_CONTROL_LOCK;
	refused(&facts, "IA32_FEATURE_CONTROL (MSR 0x3a) is locked with bit 2 clear",
		"\"Intel Virtualization Technology\"");
	facts.feature_control |= FEATURE_CONTROL_VMXON;
	TAP_EQUAL(virt_check(&facts, &reason, &remedy), HV_OK);
	facts.procbased2 = PROCBASED2_EPT;
	refused(&facts, "IA32_VMX_PROCBASED_CTLS2 bit 39", "no setting helps");
	facts.procbased2 = PROCBASED2_UNRESTRICTED;
	refused(&facts, "IA32_VMX_PROCBASED_CTLS2 bit 33", "no setting helps");
	facts = good_vmx;
	facts.procbased = 0;
	refused(&facts, "IA32_VMX_PROCBASED_CTLS2 bit 33", "no setting helps");
}

static void test_svm(void)
{
	struct virt_facts facts = good_svm;

	TAP_EQUAL(virt_check(&facts, &reason, &remedy), HV_OK);
	facts.vm_cr = VM_CR_SVMDIS;
	refused(&facts, "VM_CR.SVMDIS (MSR 0xc0010114 bit 4) is set", "\"SVM Mode\"");
	facts = good_svm;
	facts.cpuid_8000000a_edx = 0;
	refused(&facts, "CPUID 8000000A:EDX bit 0", "no setting helps");
}

static void test_none(void)
{
	const struct virt_facts facts = {.cpuid_1_ecx = ~CPUID_1_ECX_VMX,
					 .cpuid_80000001_ecx = ~CPUID_80000001_ECX_SVM};

	refused(&facts, "CPUID.1:ECX bit 5", "firmware's setup");
}

static const struct tap_case cases[] = {
	{"VT-x: switched off, without EPT, without unrestricted guest", test_vmx},
	{"SVM: switched off, without nested paging", test_svm},
	{"neither of the two", test_none},
};
TAP_MAIN(cases)
