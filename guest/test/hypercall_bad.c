/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls: the good ones, then every argument wrong, one at a time. */
#include "boot.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "smp.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define FOUR_GIB (UINT64_C(1) << 32)
#define HIGH     UINT64_C(0x100000000) /* a bit of the upper half: all 64 count */
#define TEXT     "a line by hypercall\n"

struct bad_call {
	const char *name;
	uint64_t number;
	uint64_t rdi;
	uint64_t rsi;
	int64_t want;
};

static const struct bad_call bad_calls[] = {
	{"number-count", HYPERCALL_COUNT, 0, 0, HYPERCALL_UNKNOWN},
	{"number-max", UINT64_MAX, 0, 0, HYPERCALL_UNKNOWN},
	{"number-upper-half", HIGH | HYPERCALL_VERSION, 0, 0, HYPERCALL_UNKNOWN},
	{"write-size-0", HYPERCALL_CONSOLE_WRITE, 0x100000, 0, HYPERCALL_INVALID},
	{"write-size-4097", HYPERCALL_CONSOLE_WRITE, 0x100000, 4097, HYPERCALL_INVALID},
	{"write-size-upper-half", HYPERCALL_CONSOLE_WRITE, 0x100000, HIGH | 1, HYPERCALL_INVALID},
	{"write-size-max", HYPERCALL_CONSOLE_WRITE, 0x100000, UINT64_MAX, HYPERCALL_INVALID},
	{"write-address-apic", HYPERCALL_CONSOLE_WRITE, 0xfee00000, 16, HYPERCALL_BAD_ADDRESS},
	{"write-address-hole", HYPERCALL_CONSOLE_WRITE, 0xd0000000, 16, HYPERCALL_BAD_ADDRESS},
	{"write-address-max", HYPERCALL_CONSOLE_WRITE, UINT64_MAX, 1, HYPERCALL_BAD_ADDRESS},
	{"write-address-wraps", HYPERCALL_CONSOLE_WRITE, UINT64_MAX - 7, 16, HYPERCALL_BAD_ADDRESS},
	{"write-address-huge", HYPERCALL_CONSOLE_WRITE, UINT64_C(1) << 52, 16,
	 HYPERCALL_BAD_ADDRESS},
	{"count-vcpu-63", HYPERCALL_EXIT_COUNT, 63, 0, HYPERCALL_INVALID},
	{"count-vcpu-max", HYPERCALL_EXIT_COUNT, UINT64_MAX, 0, HYPERCALL_INVALID},
	{"count-vcpu-upper-half", HYPERCALL_EXIT_COUNT, HIGH, 0, HYPERCALL_INVALID},
	{"count-reason", HYPERCALL_EXIT_COUNT, 0, EXIT_COUNT_REASONS, HYPERCALL_INVALID},
	{"count-reason-max", HYPERCALL_EXIT_COUNT, 0, UINT64_MAX, HYPERCALL_INVALID},
	{"count-reason-upper-half", HYPERCALL_EXIT_COUNT, 0, HIGH, HYPERCALL_INVALID},
	{"shutdown-how", HYPERCALL_SHUTDOWN, SHUTDOWN_CRASH + 1, 0, HYPERCALL_INVALID},
	{"shutdown-how-max", HYPERCALL_SHUTDOWN, UINT64_MAX, 0, HYPERCALL_INVALID},
	{"shutdown-how-upper-half", HYPERCALL_SHUTDOWN, HIGH, 0, HYPERCALL_INVALID},
	{"shutdown-code", HYPERCALL_SHUTDOWN, SHUTDOWN_POWER_OFF, 256, HYPERCALL_INVALID},
	{"shutdown-code-upper-half", HYPERCALL_SHUTDOWN, SHUTDOWN_POWER_OFF, HIGH,
	 HYPERCALL_INVALID},
	{"inject-what", HYPERCALL_INJECT, INJECT_ENTRY_FAILURE + 1, 0, HYPERCALL_INVALID},
	{"inject-what-upper-half", HYPERCALL_INJECT, HIGH | INJECT_ENTRY_FAILURE, 0,
	 HYPERCALL_INVALID},
	{"inject-vcpu", HYPERCALL_INJECT, INJECT_NMI, 63, HYPERCALL_INVALID},
	{"inject-vcpu-max", HYPERCALL_INJECT, INJECT_NMI, UINT64_MAX, HYPERCALL_INVALID},
	{"inject-vcpu-upper-half", HYPERCALL_INJECT, INJECT_NMI, HIGH, HYPERCALL_INVALID},
};

static void check_bad_calls(void)
{
	for (size_t i = 0; i < sizeof(bad_calls) / sizeof(bad_calls[0]); i++) {
		const struct bad_call *call = &bad_calls[i];
		struct hypercall_registers r = {call->number, call->rdi, call->rsi, 0x5555};

		hypercall_native(&r);
		if ((int64_t)r.rax == call->want && r.rdi == call->rdi && r.rsi == call->rsi &&
		    r.rdx == 0x5555) {
			report_true(call->name, true);
		} else {
			report_fail(call->name,
				    "status %lld, want %lld; rdi 0x%llx rsi 0x%llx rdx 0x%llx",
				    (long long)r.rax, (long long)call->want,
				    (unsigned long long)r.rdi, (unsigned long long)r.rsi,
				    (unsigned long long)r.rdx);
		}
	}
}

/* At the very end of RAM and one byte over it. */
static void check_ram_end(void)
{
	uint64_t end = boot_ram_end(FOUR_GIB);

	report_equal("write-over-ram-end", (uint64_t)hypercall(HYPERCALL_CONSOLE_WRITE, end - 8, 9),
		     (uint64_t)(int64_t)HYPERCALL_BAD_ADDRESS);
	report_equal("write-behind-ram", (uint64_t)hypercall(HYPERCALL_CONSOLE_WRITE, end, 1),
		     (uint64_t)(int64_t)HYPERCALL_BAD_ADDRESS);
	if (smp_count() < 2) {
		report_equal("inject-second-of-one",
			     (uint64_t)hypercall(HYPERCALL_INJECT, INJECT_NMI, 1),
			     (uint64_t)(int64_t)HYPERCALL_INVALID);
	} else {
		report_equal("inject-failure-to-other",
			     (uint64_t)hypercall(HYPERCALL_INJECT, INJECT_ENTRY_FAILURE, 1),
			     (uint64_t)(int64_t)HYPERCALL_DENIED);
	}
}

static void check_good_calls(void)
{
	struct hypercall_registers r = {HYPERCALL_NULL, 0x1111, 0x2222, 0x3333};

	hypercall_native(&r);
	report_true("null", r.rax == 0 && r.rdi == 0x1111 && r.rsi == 0x2222 && r.rdx == 0x3333);
	r = (struct hypercall_registers){HYPERCALL_VERSION, 0x1111, 0x2222, 0x3333};
	hypercall_native(&r);
	report_true("version", r.rax == 0 && r.rdi == HYPERCALL_ABI_VERSION && r.rsi == 0x2222 &&
				       r.rdx == 0x3333);
	r = (struct hypercall_registers){HYPERCALL_VERSION, 0x1111, 0x2222, 0x3333};
	hypercall_foreign(&r);
	report_true("other-vendor-opcode",
		    r.rax == 0 && r.rdi == HYPERCALL_ABI_VERSION && r.rsi == 0x2222);
	report_equal(
		"console-write",
		(uint64_t)hypercall(HYPERCALL_CONSOLE_WRITE, (uintptr_t)TEXT, sizeof(TEXT) - 1), 0);
}

static void check_counters(void)
{
	uint64_t before = hypercall_exit_count(0, EXIT_COUNT_CPUID);
	uint64_t after;

	for (uint32_t i = 0; i < 10; i++) {
		struct cpuid_result r;

		__asm__ volatile("cpuid"
				 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
				 : "a"(0), "c"(0));
	}
	after = hypercall_exit_count(0, EXIT_COUNT_CPUID);
	/* hypercall_exit_count() asks CPUID for the vendor: once between the two readings. */
	report_equal("cpuid-counted", after - before, 11);
	before = (uint64_t)hypercall(HYPERCALL_EXIT_RESET, 0, 0);
	after = hypercall_exit_count(0, EXIT_COUNT_TOTAL);
	report_equal("counter-reset", before, 0);
	report_range("counter-after-reset", after, 0, 8);
}

static void check_time(void)
{
	struct hypercall_registers a = {HYPERCALL_TIME, 0, 0, 0};
	struct hypercall_registers b = {HYPERCALL_TIME, 0, 0, 0};

	hypercall_native(&a);
	hypercall_native(&b);
	report_true("time", a.rax == 0 && a.rdi != 0 && a.rdi == b.rdi && b.rsi > a.rsi);
}

static void do_native(void *argument)
{
	(void)argument;
	hypercall(HYPERCALL_NULL, 0, 0);
}

static void do_foreign(void *argument)
{
	struct hypercall_registers r = {HYPERCALL_NULL, 0, 0, 0};

	(void)argument;
	hypercall_foreign(&r);
}

void test_hypercall_bad(void)
{
	if (!report_needs_bulkhead("all")) {
		return;
	}
	check_good_calls();
	check_counters();
	check_time();
	check_bad_calls();
	check_ram_end();
	report_trap("cpl3", trap_try_user(do_native, NULL), TRAP_UD);
	report_trap("cpl3-other-opcode", trap_try_user(do_foreign, NULL), TRAP_UD);
}
