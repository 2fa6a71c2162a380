/* SPDX-License-Identifier: Apache-2.0 */
/* vmx_control.c: controls from capability MSRs, and the name of every missing feature. */
/* Links: boot/vmx_control.c hv/lib/str.c */
#include "tap.h"
#include "vmx_control.h"

#include <string.h>

/* As Bochs' corei7_skylake_x reports them, with the TRUE controls' relaxations. */
static const struct vmx_capabilities skylake = {
	.basic = 0x00d810000000002b,
	.controls[VMX_PIN] = 0x0000007f00000016,
	.controls[VMX_PROCESSOR] = 0xf7f9fffe04006172,
	.controls[VMX_SECONDARY] = 0x02177fff00000000,
	.controls[VMX_EXIT] = 0x007fffff00036dfb,
	.controls[VMX_ENTRY] = 0x0000ffff000011fb,
	.ept_vpid = 0x00000f0106334141,
};

static void test_chosen(void)
{
	uint32_t controls[VMX_CONTROLS_COUNT];
	const char *why = NULL;

	TAP_CHECK(vmx_control_choose(&skylake, controls, &why));
	TAP_EQUAL(controls[VMX_PIN], 0x16 | 1u << 3 | 1u << 5);
	TAP_EQUAL(controls[VMX_PIN] & 0x41, 0); /* no external-interrupt exiting, no timer */
	TAP_EQUAL(controls[VMX_PROCESSOR],
		  0x04006172 | 1u << 10 | 1u << 11 | 1u << 25 | 1u << 28 | 1u << 29 | 1u << 31);
	TAP_EQUAL(controls[VMX_SECONDARY],
		  1u << 1 | 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 12 | 1u << 20);
	TAP_EQUAL(controls[VMX_EXIT], 0x00036dfb | 1u << 2 | 1u << 9 | 0xfu << 18);
	TAP_EQUAL(controls[VMX_ENTRY], 0x000011fb | 1u << 2 | 1u << 14 | 1u << 15);
	TAP_CHECK(why == NULL);
}

static void check_refused(uint64_t *word, uint64_t cleared, uint64_t set,
			  struct vmx_capabilities *all, const char *text)
{
	uint32_t controls[VMX_CONTROLS_COUNT] = {0x1234};
	const char *why = "";
	uint64_t old = *word;

	*word = (old & ~cleared) | set;
	TAP_CHECK(!vmx_control_choose(all, controls, &why));
	TAP_CHECK(strstr(why, text) != NULL);
	TAP_EQUAL(controls[VMX_PIN], 0x1234);
	*word = old;
}

#define MAY(n)  (UINT64_C(1) << (32 + (n)))
#define MUST(n) (UINT64_C(1) << (n))

static void test_refused(void)
{
	struct vmx_capabilities all = skylake;

	check_refused(&all.controls[VMX_PIN], 0, MUST(0), &all, "external-interrupt");
	check_refused(&all.controls[VMX_PIN], MAY(3), 0, &all, "NMI exiting");
	check_refused(&all.controls[VMX_PIN], MAY(5), 0, &all, "virtual NMIs");
	check_refused(&all.controls[VMX_PIN], MAY(6), 0, &all, "preemption timer");
	check_refused(&all.controls[VMX_PIN], 0, MUST(6), &all, "preemption timer");
	check_refused(&all.controls[VMX_PROCESSOR], MAY(31), 0, &all, "secondary");
	check_refused(&all.controls[VMX_PROCESSOR], MAY(28), 0, &all, "MSR bitmaps");
	check_refused(&all.controls[VMX_PROCESSOR], MAY(25), 0, &all, "I/O bitmaps");
	check_refused(&all.controls[VMX_PROCESSOR], 0, MUST(7), &all, "HLT");
	check_refused(&all.controls[VMX_PROCESSOR], 0, MUST(15), &all, "CR3-load");
	check_refused(&all.controls[VMX_PROCESSOR], 0, MUST(16), &all, "CR3-store");
	check_refused(&all.controls[VMX_SECONDARY], MAY(1), 0, &all, "EPT");
	check_refused(&all.controls[VMX_SECONDARY], MAY(7), 0, &all, "unrestricted");
	check_refused(&all.controls[VMX_EXIT], MAY(20), 0, &all, "IA32_EFER");
	check_refused(&all.controls[VMX_EXIT], MAY(18), 0, &all, "IA32_PAT");
	check_refused(&all.controls[VMX_ENTRY], MAY(9), 0, &all, "64-bit");
	check_refused(&all.basic, MUST(54), 0, &all, "INS and OUTS");
	check_refused(&all.basic, MUST(51), 0, &all, "write-back VMCS");
	check_refused(&all.ept_vpid, MUST(6), 0, &all, "4-level");
	check_refused(&all.ept_vpid, MUST(14), 0, &all, "write-back");
	check_refused(&all.ept_vpid, MUST(20), 0, &all, "INVEPT");
	check_refused(&all.ept_vpid, MUST(25) | MUST(26), 0, &all, "INVEPT");
}

static void test_optional(void)
{
	struct vmx_capabilities all = skylake;
	uint32_t controls[VMX_CONTROLS_COUNT];
	const char *why = NULL;

	all.controls[VMX_SECONDARY] &= ~(MAY(3) | MAY(5) | MAY(6) | MAY(12) | MAY(20));
	TAP_CHECK(vmx_control_choose(&all, controls, &why));
	TAP_EQUAL(controls[VMX_SECONDARY], 1u << 1 | 1u << 7);
	all = skylake;
	all.ept_vpid &= ~MUST(32); /* a VPID without INVVPID is not used */
	TAP_CHECK(vmx_control_choose(&all, controls, &why));
	TAP_EQUAL(controls[VMX_SECONDARY] & 1u << 5, 0);
}

static void test_max_leaf(void)
{
	TAP_EQUAL(vmx_control_max_leaf(EPT_CAP_2M | EPT_CAP_1G), 3);
	TAP_EQUAL(vmx_control_max_leaf(EPT_CAP_2M), 2);
	TAP_EQUAL(vmx_control_max_leaf(0), 1);
}

static const struct tap_case cases[] = {
	{"what a Skylake gets", test_chosen},
	{"every missing feature is named", test_refused},
	{"optional features may be missing", test_optional},
	{"largest page by capability", test_max_leaf},
};
TAP_MAIN(cases)
