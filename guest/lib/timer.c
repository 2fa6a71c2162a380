/* SPDX-License-Identifier: Apache-2.0 */
/* Time by TSC. */
#include "timer.h"

#include "cpu.h"
#include "trap.h"

#define TIMING_LEAF 0x40000010u
#define GUESSED_KHZ 2000000u

static struct cpuid_result timing(void)
{
	if ((cpu_cpuid(1, 0).ecx & 1u << 31) == 0 || cpu_cpuid_max(0x40000000u) < TIMING_LEAF) {
		return (struct cpuid_result){.eax = GUESSED_KHZ};
	}
	return cpu_cpuid(TIMING_LEAF, 0);
}

uint64_t timer_tsc_khz(void)
{
	static uint32_t khz;

	if (khz == 0) {
		khz = timing().eax;
	}
	return khz;
}

uint64_t timer_apic_khz(void)
{
	return timing().ebx;
}

static uint64_t deadline(uint64_t microseconds)
{
	return cpu_rdtsc() + microseconds * timer_tsc_khz() / 1000;
}

void timer_delay_us(uint64_t microseconds)
{
	uint64_t end = deadline(microseconds);

	while (cpu_rdtsc() < end) {
		cpu_pause();
	}
}

bool timer_wait_for(const _Atomic uint32_t *word, uint32_t at_least, uint64_t microseconds)
{
	uint64_t end = deadline(microseconds);

	while (*word < at_least) {
		if (cpu_rdtsc() >= end) {
			return *word >= at_least;
		}
		cpu_pause();
	}
	return true;
}

bool timer_wait_count(uint32_t cpu, uint8_t vector, uint32_t at_least, uint64_t microseconds)
{
	uint64_t end = deadline(microseconds);

	while (trap_count_of(cpu, vector) < at_least) {
		if (cpu_rdtsc() >= end) {
			return trap_count_of(cpu, vector) >= at_least;
		}
		cpu_pause();
	}
	return true;
}
