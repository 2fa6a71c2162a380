/* SPDX-License-Identifier: Apache-2.0 */
/* The TSC's frequency out of what CPUID says and a measurement. */
#include "tsc_hz.h"

#define HZ_PER_MHZ        UINT64_C(1000000)
#define TOLERANCE_DIVISOR 8u

uint64_t tsc_hz_of_cpuid(const struct cpuid_regs *tsc, const struct cpuid_regs *frequency)
{
	if (tsc->eax == 0 || tsc->ebx == 0) {
		return 0;
	}
	if (tsc->ecx != 0) {
		return (uint64_t)tsc->ecx * tsc->ebx / tsc->eax;
	}
	/* No crystal frequency told: the base frequency is the TSC's (SDM 3B, "Determining the
	 * Processor Base Frequency"), to the megahertz. */
	return (uint64_t)(frequency->eax & 0xffff) * HZ_PER_MHZ;
}

uint64_t tsc_choose_hz(uint64_t cpuid_hz, uint64_t measured_hz)
{
	uint64_t difference =
		cpuid_hz > measured_hz ? cpuid_hz - measured_hz : measured_hz - cpuid_hz;

	if (cpuid_hz == 0) {
		return measured_hz;
	}
	if (measured_hz != 0 && difference > measured_hz / TOLERANCE_DIVISOR) {
		return measured_hz;
	}
	return cpuid_hz;
}
