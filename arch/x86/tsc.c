/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the TSC. */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "bits.h"

#define US_PER_SECOND UINT64_C(1000000)

static uint64_t tsc_hz;

uint64_t arch_tsc(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return join32(high, low);
}

void arch_clock_init(uint64_t told_hz)
{
	tsc_hz = told_hz;
}

uint64_t arch_tsc_hz(void)
{
	return tsc_hz;
}

void arch_delay_us(uint32_t microseconds)
{
	uint64_t ticks = tsc_hz / US_PER_SECOND * microseconds;
	uint64_t start = arch_tsc();

	while (arch_tsc() - start < ticks) {
		arch_cpu_pause();
	}
}
