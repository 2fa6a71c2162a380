/* SPDX-License-Identifier: Apache-2.0 */
/* tsc_hz.c: frequency out of CPUID, and when a measurement overrules it. */
/* Links: boot/tsc_hz.c */
#include "tsc_hz.h"

#include "tap.h"

static uint64_t hz(uint32_t denominator, uint32_t numerator, uint32_t crystal, uint32_t base_mhz)
{
	struct cpuid_regs tsc = {.eax = denominator, .ebx = numerator, .ecx = crystal};
	struct cpuid_regs frequency = {.eax = base_mhz};

	return tsc_hz_of_cpuid(&tsc, &frequency);
}

static void test_cpuid(void)
{
	TAP_EQUAL(hz(2, 168, 25000000, 0), 2100000000);
	TAP_EQUAL(hz(2, 300, 0, 3600), UINT64_C(3600000000));
	TAP_EQUAL(hz(1, UINT32_MAX, UINT32_MAX, 0), UINT64_C(0xfffffffe00000001));
	TAP_EQUAL(hz(0, 0, 0, 0), 0);
	TAP_EQUAL(hz(0, 168, 25000000, 2100), 0);
	TAP_EQUAL(hz(2, 0, 25000000, 2100), 0);
}

static void test_choice(void)
{
	TAP_EQUAL(tsc_choose_hz(2100000000, 2099000000), 2100000000);
	TAP_EQUAL(tsc_choose_hz(2100000000, 0), 2100000000);
	TAP_EQUAL(tsc_choose_hz(0, 2099000000), 2099000000);
	TAP_EQUAL(tsc_choose_hz(2100000000, 50000000), 50000000);
	TAP_EQUAL(tsc_choose_hz(50000000, 2100000000), 2100000000);
	TAP_EQUAL(tsc_choose_hz(0, 0), 0);
}

static const struct tap_case cases[] = {
	{"CPUID tells the frequency or does not", test_cpuid},
	{"a measurement overrules what cannot be true", test_choice},
};
TAP_MAIN(cases)
