/* SPDX-License-Identifier: Apache-2.0 */
/* Results and the end of the partition. */
#include "report.h"

#include "acpi.h"
#include "console.h"
#include "cpu.h"
#include "fmt.h"
#include "hypercall.h"
#include "trap.h"

#define QEMU_EXIT_PORT  0xf4u
#define BOCHS_EXIT_PORT 0x8900u
#define SLEEP_TYPE_S5   5u
#define SLEEP_ENABLE    0x20u
#define REASON_MAX      160u

static const char *current_test = "guest";
static uint32_t passed_count;
static uint32_t failed_count;
static uint32_t skipped_count;

void report_begin(const char *test)
{
	current_test = test;
}

static void pass(const char *check)
{
	passed_count++;
	console_print("PASS %s.%s\n", current_test, check);
}

void report_fail(const char *check, const char *format, ...)
{
	char reason[REASON_MAX];
	va_list arguments;

	va_start(arguments, format);
	fmt_format(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	failed_count++;
	console_print("FAIL %s.%s: %s\n", current_test, check, reason);
}

void report_true(const char *check, bool is_true)
{
	if (is_true) {
		pass(check);
	} else {
		report_fail(check, "is not so");
	}
}

void report_equal(const char *check, uint64_t got, uint64_t want)
{
	if (got == want) {
		pass(check);
	} else {
		report_fail(check, "got 0x%llx, want 0x%llx", (unsigned long long)got,
			    (unsigned long long)want);
	}
}

void report_trap(const char *check, int got, int want)
{
	if (got == want) {
		pass(check);
	} else {
		report_fail(check, "got vector %d, want %d (-1 = none)", got, want);
	}
}

void report_range(const char *check, uint64_t got, uint64_t low, uint64_t high)
{
	if (got >= low && got <= high) {
		pass(check);
	} else {
		report_fail(check, "got %llu, want %llu to %llu", (unsigned long long)got,
			    (unsigned long long)low, (unsigned long long)high);
	}
}

void report_skip(const char *check, const char *why)
{
	skipped_count++;
	console_print("SKIP %s.%s: %s\n", current_test, check, why);
}

bool report_needs_bulkhead(const char *check)
{
	if (hypercall_is_present()) {
		return true;
	}
	report_skip(check, "no Bulkhead below");
	return false;
}

uint32_t report_failed_count(void)
{
	return failed_count;
}

static _Noreturn void power_off(void)
{
	uint16_t sleep_port = acpi_sleep_control_port();

	if (hypercall_is_present()) {
		hypercall(HYPERCALL_SHUTDOWN, SHUTDOWN_POWER_OFF, failed_count);
		console_print("FAIL guest.power-off: the hypercall came back\n");
	}
	cpu_outb(QEMU_EXIT_PORT, failed_count == 0 ? 0 : 1);
	for (const char *c = "Shutdown"; *c != '\0'; c++) {
		cpu_outb(BOCHS_EXIT_PORT, (uint8_t)*c);
	}
	if (sleep_port != 0) {
		cpu_outb(sleep_port, (uint8_t)(SLEEP_TYPE_S5 << 2 | SLEEP_ENABLE));
	}
	for (;;) {
		cpu_cli();
		__asm__ volatile("hlt");
	}
}

_Noreturn void report_done(void)
{
	console_print("DONE passed=%u failed=%u skipped=%u\n", passed_count, failed_count,
		      skipped_count);
	power_off();
}

_Noreturn void report_crash(const struct trap_frame *frame)
{
	report_fail("exception", "vector %u error 0x%llx rip 0x%llx cr2 0x%llx rsp 0x%llx cpu %u",
		    (unsigned int)frame->vector, (unsigned long long)frame->error,
		    (unsigned long long)frame->rip, (unsigned long long)cpu_read_cr2(),
		    (unsigned long long)frame->rsp, cpu_index());
	report_done();
}
