/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that end their partition, or never end: what is judged is the hypervisor's log and the
 * neighbours. */
#include "apic.h"
#include "boot.h"
#include "console.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "smp.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define RESET_PORT    0xcf9u
#define RESET_VALUE   6u
#define SLEEP_CONTROL 0x600u
#define SLEEP_S5      (5u << 2 | 1u << 5)
#define HOLE          UINT64_C(0xd0000000)
#define MARK          UINT64_C(0x6d61726b6d61726b)

/* What should have ended the partition did not. */
static void survived(const char *check)
{
	timer_delay_us(1000000);
	report_fail(check, "the partition goes on");
}

static void load_no_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {0, 0};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void test_triple_fault(void)
{
	console_print("NOTE triple fault next\n");
	load_no_idt();
	__asm__ volatile("ud2");
}

void test_entry_fail(void)
{
	if (report_needs_bulkhead("entry")) {
		console_print("NOTE VM-entry failure next\n");
		hypercall(HYPERCALL_INJECT, INJECT_ENTRY_FAILURE, 0);
		survived("entry");
	}
}

void test_crash(void)
{
	if (report_needs_bulkhead("hypercall")) {
		console_print("NOTE crash by hypercall next\n");
		hypercall(HYPERCALL_SHUTDOWN, SHUTDOWN_CRASH, 0);
		survived("hypercall");
	}
}

void test_hole_fetch(void)
{
	console_print("NOTE jump into a hole next\n");
	__asm__ volatile("jmp *%0" : : "r"(HOLE));
}

/* A page-table root outside RAM: the guest's own next access cannot be translated. */
void test_bad_cr3(void)
{
	console_print("NOTE CR3 into a hole next\n");
	cpu_cli();
	cpu_write_cr3(HOLE);
	survived("cr3");
}

void test_reset(void)
{
	console_print("NOTE reset by port next\n");
	cpu_outb(RESET_PORT, RESET_VALUE);
	survived("port");
}

void test_restart(void)
{
	if (report_needs_bulkhead("hypercall")) {
		console_print("NOTE restart by hypercall next\n");
		hypercall(HYPERCALL_SHUTDOWN, SHUTDOWN_RESTART, 0);
		survived("hypercall");
	}
}

/* Leaves marks in all RAM and in its devices, then crashes; a restart must not find one. */
void test_dirty_crash(void)
{
	uint64_t end = boot_ram_end(UINT64_C(1) << 32);
	uint32_t mark_count = 0;

	for (uint64_t at = UINT64_C(2) << 20; at < end; at += 4096) {
		volatile uint64_t *word = (volatile uint64_t *)(uintptr_t)at;

		mark_count += *word == MARK;
		*word = MARK;
	}
	report_equal("no-old-marks", mark_count, 0);
	report_equal("uart-reset", cpu_inb(UART_PORT + UART_SCR) == 0x6d, 0);
	report_equal("timer-reset", apic_read(APIC_TIMER_CURRENT), 0);
	cpu_outb(UART_PORT + UART_SCR, 0x6d);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
	cpu_write_dr0(MARK);
	timer_delay_us(boot_option_number("delay_us", 100000));
	test_triple_fault();
}

void test_sleep(void)
{
	console_print("NOTE power-off by the sleep control register next\n");
	cpu_outb(SLEEP_CONTROL, SLEEP_S5);
	survived("port");
}

/* Exits as fast as they can be had, for `seconds=`. */
void test_storm(void)
{
	uint64_t end = cpu_rdtsc() + boot_option_number("seconds", 3) * timer_tsc_khz() * 1000;
	uint64_t rounds = 0;

	for (; cpu_rdtsc() < end; rounds++) {
		cpu_cpuid(0, 0);
		cpu_inb(UART_PORT + UART_SCR);
		cpu_rdmsr(MSR_APIC_BASE);
		ioapic_read(IOAPIC_REG_VERSION);
		apic_send(smp_count() + 1, APIC_FIXED | APIC_ASSERT | 0x50);
		trap_try_rdmsr(0x12345678, NULL);
	}
	console_print("NOTE storm of %llu rounds\n", (unsigned long long)rounds);
	report_true("storm", rounds > 0);
}

/* Writes to both consoles, whole lines and endless ones, as fast as it can, for `seconds=`. */
void test_console_flood(void)
{
	static const char text[] = "a flood by hypercall, and on and on and on and on and on\n";
	uint64_t end = cpu_rdtsc() + boot_option_number("seconds", 3) * timer_tsc_khz() * 1000;
	uint64_t rounds = 0;

	for (; cpu_rdtsc() < end; rounds++) {
		hypercall(HYPERCALL_CONSOLE_WRITE, (uintptr_t)text, sizeof(text) - 1 - rounds % 2);
		for (uint32_t i = 0; i < 64; i++) {
			cpu_outb(UART_PORT, 'u');
		}
	}
	console_print("\nNOTE flood of %llu rounds\n", (unsigned long long)rounds);
	report_true("flood", rounds > 0);
}

/* Never ends, with interrupts off. */
void test_hang(void)
{
	console_print("NOTE hangs from here\n");
	cpu_cli();
	for (;;) {
		cpu_pause();
	}
}
