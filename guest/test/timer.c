/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC timer: one-shot, periodic, TSC-deadline, masked, and its rate. */
#include "timer.h"

#include "apic.h"
#include "cpu.h"
#include "report.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define VECTOR             0x42u
#define DIVIDE_BY_1        0xbu
#define DIVIDE_BY_16       0x3u
#define COUNT              20000u
#define WAIT_US            2000000u
#define CPUID_TSC_DEADLINE (1u << 24)

static void set_up(uint32_t mode, uint32_t divide)
{
	cpu_cli();
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_TIMER_DIVIDE, divide);
	apic_write(APIC_LVT_TIMER, mode | VECTOR);
	trap_count_reset(VECTOR);
}

static bool wait_count(uint32_t count)
{
	return timer_wait_count(cpu_index(), VECTOR, count, WAIT_US);
}

static void check_one_shot(void)
{
	set_up(APIC_TIMER_ONE_SHOT, DIVIDE_BY_1);
	apic_write(APIC_TIMER_INITIAL, COUNT);
	report_true("counts-down", apic_read(APIC_TIMER_CURRENT) <= COUNT);
	cpu_sti();
	report_true("one-shot", wait_count(1));
	report_equal("one-shot-ends-at-0", apic_read(APIC_TIMER_CURRENT), 0);
	timer_delay_us(1000);
	report_equal("one-shot-once", trap_count(VECTOR), 1);
}

static void check_periodic(void)
{
	set_up(APIC_TIMER_PERIODIC, DIVIDE_BY_16);
	apic_write(APIC_TIMER_INITIAL, COUNT);
	cpu_sti();
	report_true("periodic", wait_count(5));
	apic_write(APIC_TIMER_INITIAL, 0);
	cpu_cli();
	report_equal("stopped-reads-0", apic_read(APIC_TIMER_CURRENT), 0);
	timer_delay_us(100);
	cpu_sti();
	trap_count_reset(VECTOR);
	timer_delay_us(1000);
	report_range("stopped", trap_count(VECTOR), 0, 0);
}

static void check_masked(void)
{
	set_up(APIC_TIMER_ONE_SHOT | APIC_LVT_MASKED, DIVIDE_BY_1);
	cpu_sti();
	apic_write(APIC_TIMER_INITIAL, COUNT);
	timer_delay_us(2000);
	report_equal("masked", trap_count(VECTOR), 0);
}

/* HLT with interrupts on ends by the timer; ten times, none lost. */
static void check_halt(void)
{
	set_up(APIC_TIMER_ONE_SHOT, DIVIDE_BY_1);
	for (uint32_t i = 0; i < 10; i++) {
		apic_write(APIC_TIMER_INITIAL, COUNT);
		while (trap_count(VECTOR) <= i) {
			cpu_cli();
			if (trap_count(VECTOR) <= i) {
				cpu_sti_hlt();
			}
		}
	}
	report_equal("hlt-wakes", trap_count(VECTOR), 10);
	cpu_cli();
}

/* Never early, by the two frequencies that CPUID tells. */
static void check_rate(void)
{
	uint64_t khz = timer_apic_khz();
	uint64_t start;
	uint64_t elapsed_us;

	if (khz == 0) {
		report_skip("rate", "the timer's frequency is not told");
		return;
	}
	set_up(APIC_TIMER_ONE_SHOT, DIVIDE_BY_1);
	cpu_sti();
	start = cpu_rdtsc();
	apic_write(APIC_TIMER_INITIAL, (uint32_t)(khz * 10)); /* 10 ms */
	report_true("rate-fires", wait_count(1));
	elapsed_us = (cpu_rdtsc() - start) * 1000 / timer_tsc_khz();
	report_range("rate", elapsed_us, 9500, WAIT_US);
	cpu_cli();
}

static void check_deadline(void)
{
	uint64_t deadline;
	uint64_t now;

	if ((cpu_cpuid(1, 0).ecx & CPUID_TSC_DEADLINE) == 0) {
		report_skip("deadline", "no TSC-deadline mode");
		return;
	}
	set_up(APIC_TIMER_DEADLINE, DIVIDE_BY_1);
	cpu_sti();
	deadline = cpu_rdtsc() + COUNT;
	cpu_wrmsr(MSR_TSC_DEADLINE, deadline);
	report_true("deadline", wait_count(1));
	now = cpu_rdtsc();
	report_true("deadline-not-early", now >= deadline);
	if (cpu_rdmsr(MSR_TSC_DEADLINE) == deadline) {
		report_skip("deadline-disarmed", "this is Bochs, which keeps the MSR's value");
	} else {
		report_equal("deadline-disarmed", cpu_rdmsr(MSR_TSC_DEADLINE), 0);
	}
	cpu_wrmsr(MSR_TSC_DEADLINE, cpu_rdtsc() + timer_tsc_khz());
	cpu_wrmsr(MSR_TSC_DEADLINE, 0);
	timer_delay_us(2000);
	report_equal("deadline-cancelled", trap_count(VECTOR), 1);
	cpu_wrmsr(MSR_TSC_DEADLINE, 1); /* long past: at once */
	report_true("deadline-past", wait_count(2));
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR);
	cpu_cli();
}

void test_timer(void)
{
	check_one_shot();
	check_periodic();
	check_masked();
	check_halt();
	check_rate();
	check_deadline();
	set_up(APIC_LVT_MASKED, DIVIDE_BY_1);
}
