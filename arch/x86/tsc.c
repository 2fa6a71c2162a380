/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the TSC, and the frequency of the local APIC timer measured against it. */
#include "tsc.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/lapic.h"
#include "bits.h"
#include "lapic.h"
#include "log.h"

#define FALLBACK_HZ    UINT64_C(1000000000)
#define MEASURE_US     5000u
#define US_PER_SECOND  UINT64_C(1000000)
#define TIMER_DIVIDE_1 0xbu /* SDM 3A, "Divide Configuration Register" */

static uint64_t tsc_hz;
static uint64_t apic_timer_hz;

uint64_t arch_tsc(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return join32(high, low);
}

uint64_t arch_tsc_hz(void)
{
	return tsc_hz;
}

uint64_t arch_apic_timer_hz(void)
{
	return apic_timer_hz;
}

void arch_delay_us(uint32_t microseconds)
{
	uint64_t hz = tsc_hz != 0 ? tsc_hz : FALLBACK_HZ;
	uint64_t ticks = hz / US_PER_SECOND * microseconds;
	uint64_t start = arch_tsc();

	while (arch_tsc() - start < ticks) {
		arch_cpu_pause();
	}
}

void arch_clock_init(uint64_t told_hz)
{
	tsc_hz = told_hz;
	if (tsc_hz == 0) {
		log_error("TSC frequency unknown: the loader does not tell it");
		tsc_hz = FALLBACK_HZ;
	}
	tsc_measure_apic_timer();
}

void tsc_measure_apic_timer(void)
{
	uint64_t ticks = tsc_hz / US_PER_SECOND * MEASURE_US;
	uint64_t start;
	uint64_t end;
	uint32_t left;

	if (tsc_hz == 0 || apic_timer_hz != 0 || !lapic_is_ready()) {
		return;
	}
	/* Masked, one-shot: it counts without ever interrupting. */
	arch_lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
	arch_lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_1);
	start = arch_tsc();
	arch_lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
	do {
		arch_cpu_pause();
		end = arch_tsc();
	} while (end - start < ticks);
	left = arch_lapic_read(LAPIC_TIMER_CURRENT);
	arch_lapic_write(LAPIC_TIMER_INITIAL, 0);
	arch_lapic_write(LAPIC_TIMER_DIVIDE, 0);
	apic_timer_hz = (uint64_t)(UINT32_MAX - left) * tsc_hz / (end - start);
}
