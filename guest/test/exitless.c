/* SPDX-License-Identifier: Apache-2.0 */
/* In x2APIC mode timer interrupts, their EOI, idling and own IPIs leave the guest not once. */
#include "apic.h"
#include "cpu.h"
#include "hypercall.h"
#include "names.h"
#include "report.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define VECTOR             0x4au
#define ROUNDS             100u
#define TICKS              20000u
#define CPUID_TSC_DEADLINE (1u << 24)

static _Atomic uint32_t tick_count;
static uint64_t before[EXIT_COUNT_REASONS];

static void on_tick(struct trap_frame *frame)
{
	(void)frame;
	cpu_wrmsr(MSR_X2APIC_BASE + APIC_EOI / 16, 0);
	tick_count++;
}

static void count_all(uint64_t *counts)
{
	for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
		counts[reason] = hypercall_exit_count(cpu_index(), reason);
	}
}

/* The reading itself is one hypercall and one CPUID per reason. */
static void compare(const char *check)
{
	uint64_t after[EXIT_COUNT_REASONS];
	uint32_t extra_count = 0;

	count_all(after);
	for (uint32_t reason = 1; reason < EXIT_COUNT_REASONS; reason++) {
		uint64_t own = reason == EXIT_COUNT_HYPERCALL || reason == EXIT_COUNT_CPUID
				       ? EXIT_COUNT_REASONS
				       : 0;

		if (after[reason] - before[reason] != own) {
			extra_count++;
			report_fail(check, "%llu exits: %s",
				    (unsigned long long)(after[reason] - before[reason] - own),
				    name_find(names_exit, reason));
		}
	}
	if (extra_count == 0) {
		report_true(check, true);
	}
}

static void wait_tick(uint32_t count)
{
	while (tick_count < count) {
		cpu_cli();
		if (tick_count < count) {
			cpu_sti_hlt();
		}
		cpu_sti();
	}
}

static void check_deadline(void)
{
	cpu_wrmsr(MSR_X2APIC_BASE + APIC_LVT_TIMER / 16, APIC_TIMER_DEADLINE | VECTOR);
	tick_count = 0;
	count_all(before);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		cpu_wrmsr(MSR_TSC_DEADLINE, cpu_rdtsc() + TICKS);
		wait_tick(i + 1);
	}
	compare("deadline-timer-and-hlt");
}

static void check_one_shot(void)
{
	cpu_wrmsr(MSR_X2APIC_BASE + APIC_LVT_TIMER / 16, APIC_TIMER_ONE_SHOT | VECTOR);
	cpu_wrmsr(MSR_X2APIC_BASE + APIC_TIMER_DIVIDE / 16, 0xb);
	tick_count = 0;
	count_all(before);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		cpu_wrmsr(MSR_X2APIC_BASE + APIC_TIMER_INITIAL / 16, TICKS);
		wait_tick(i + 1);
	}
	compare("one-shot-timer-and-hlt");
}

static void check_self_ipi(void)
{
	tick_count = 0;
	count_all(before);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		cpu_wrmsr(MSR_X2APIC_BASE + APIC_SELF_IPI / 16, VECTOR);
		wait_tick(i + 1);
	}
	compare("self-ipi");
}

static void check_work(void)
{
	uint64_t cr0 = cpu_read_cr0();
	uint64_t cr3 = cpu_read_cr3();

	count_all(before);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		cpu_write_cr3(cr3);
		cpu_write_cr0(cr0 | CR0_TS);
		__asm__ volatile("clts");
		cpu_write_cr8(i & 7);
		cpu_write_cr8(0);
		cpu_wrmsr(MSR_KERNEL_GS_BASE, i);
		cpu_pause();
		cpu_rdtsc();
		cpu_invlpg(&before);
	}
	compare("kernel-work");
}

void test_exitless(void)
{
	if (!report_needs_bulkhead("all")) {
		return;
	}
	if (!apic_has_x2apic()) {
		report_skip("all", "no x2APIC");
		return;
	}
	if (!apic_is_x2apic()) {
		apic_enter_x2apic();
	}
	trap_set_handler(VECTOR, on_tick);
	cpu_sti();
	if ((cpu_cpuid(1, 0).ecx & CPUID_TSC_DEADLINE) != 0) {
		check_deadline();
	} else {
		report_skip("deadline-timer-and-hlt", "no TSC-deadline mode");
	}
	check_one_shot();
	check_self_ipi();
	check_work();
	cpu_cli();
	trap_set_handler(VECTOR, NULL);
	cpu_wrmsr(MSR_X2APIC_BASE + APIC_LVT_TIMER / 16, APIC_LVT_MASKED | VECTOR);
}
