/* SPDX-License-Identifier: Apache-2.0 */
/* Wall clock, and the frequency of the TSC. */
#include "console.h"
#include "cpu_ops.h"
#include "loader.h"
#include "tsc_hz.h"

#define MEASURE_MICROSECONDS 20000u
#define MEASURE_COUNT        2
#define SECONDS_PER_DAY      86400
#define FALLBACK_HZ          UINT64_C(1000000000)
#define ZONE_UNKNOWN         2047 /* EFI_UNSPECIFIED_TIMEZONE */

/* Days from 1970-01-01 by the proleptic Gregorian calendar; years from March, so that leap days
 * come last. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static uint64_t read_wall_clock(const struct loader *loader)
{
	EFI_TIME time;
	int64_t seconds;

	if (EFI_ERROR(loader->system->RuntimeServices->GetTime(&time, NULL)) || time.Year < 1970 ||
	    time.Month < 1 || time.Month > 12) {
		return 0;
	}
	seconds = days_from_date(time.Year, time.Month, time.Day) * SECONDS_PER_DAY +
		  time.Hour * 3600 + time.Minute * 60 + time.Second;
	/* UEFI Specification, "GetTime()": local time = UTC - TimeZone minutes. */
	if (time.TimeZone != ZONE_UNKNOWN) {
		seconds += (int64_t)time.TimeZone * 60;
	}
	return seconds < 0 ? 0 : (uint64_t)seconds;
}

static uint64_t told_frequency(void)
{
	struct cpuid_regs none = {0};
	struct cpuid_regs tsc = cpuid_has(CPUID_TSC) ? cpuid_read(CPUID_TSC, 0) : none;
	struct cpuid_regs frequency =
		cpuid_has(CPUID_FREQUENCY) ? cpuid_read(CPUID_FREQUENCY, 0) : none;

	return tsc_hz_of_cpuid(&tsc, &frequency);
}

static uint64_t measured_frequency(const struct loader *loader)
{
	uint64_t least = UINT64_MAX;

	/* Stall() may take longer than asked, never shorter. */
	for (int i = 0; i < MEASURE_COUNT; i++) {
		uint64_t start = tsc_read();
		uint64_t ticks;

		loader->services->Stall(MEASURE_MICROSECONDS);
		ticks = tsc_read() - start;
		least = ticks < least ? ticks : least;
	}
	return least * (1000000 / MEASURE_MICROSECONDS);
}

void clock_read(struct loader *loader)
{
	loader->time.tsc_hz = tsc_choose_hz(told_frequency(), measured_frequency(loader));
	if (loader->time.tsc_hz == 0) {
		console_print("bulkhead: the TSC stands still; taken for one of 1 GHz");
		loader->time.tsc_hz = FALLBACK_HZ;
	}
	loader->apic_timer_hz = apic_timer_hz(loader->time.tsc_hz);
	loader->time.unix_seconds = read_wall_clock(loader);
	loader->time.tsc = tsc_read();
}
