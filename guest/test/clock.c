/* SPDX-License-Identifier: Apache-2.0 */
/* kvmclock: the page agrees with the TSC and with HYPERCALL_TIME; the wall clock is plausible. */
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "str.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define ENABLE      1u
#define NANOSECONDS UINT64_C(1000000000)
#define YEAR_2020   UINT64_C(1577836800)
#define YEAR_2100   UINT64_C(4102444800)
#define OUTSIDE_RAM UINT64_C(0xd0000000)

/* Linux, "KVM-specific MSRs". */
struct system_time {
	uint32_t version;
	uint32_t pad;
	uint64_t tsc;
	uint64_t nanoseconds;
	uint32_t multiplier; /* 32-bit fraction */
	int8_t shift;
	uint8_t flags;
	uint8_t reserved[2];
};
_Static_assert(sizeof(struct system_time) == 32, "pvclock's layout");

struct wall_clock {
	uint32_t version;
	uint32_t seconds;
	uint32_t nanoseconds;
};

static volatile struct system_time page __attribute__((aligned(64)));
static volatile struct wall_clock wall __attribute__((aligned(64)));

static uint64_t to_nanoseconds(uint64_t ticks)
{
	uint64_t shifted = page.shift >= 0 ? ticks << page.shift : ticks >> -page.shift;

	/* (shifted * multiplier) >> 32 without a 128-bit product; what is cut is under 1 ns. */
	return (shifted >> 32) * page.multiplier + ((shifted & UINT32_MAX) * page.multiplier >> 32);
}

static uint64_t now(void)
{
	return page.nanoseconds + to_nanoseconds(cpu_rdtsc() - page.tsc);
}

static uint64_t hypervisor_time(void)
{
	struct hypercall_registers r = {.rax = HYPERCALL_TIME};

	hypercall_native(&r);
	return r.rsi;
}

static void check_page(void)
{
	uint64_t a;
	uint64_t b;
	uint64_t start;
	uint64_t hypervisor;

	report_trap("enable", trap_try_wrmsr(MSR_KVM_SYSTEM_TIME_NEW, (uintptr_t)&page | ENABLE),
		    TRAP_NONE);
	report_true("version", page.version != 0 && (page.version & 1) == 0);
	report_true("multiplier", page.multiplier != 0);
	a = now();
	b = now();
	report_true("advances", b > a);
	start = now();
	timer_delay_us(10000);
	report_range("ten-milliseconds", (now() - start) / 1000, 9900, 2000000);
	report_range("tsc-frequency", to_nanoseconds(timer_tsc_khz() * 1000),
		     NANOSECONDS - NANOSECONDS / 1000, NANOSECONDS + NANOSECONDS / 1000);
	hypervisor = hypervisor_time();
	start = now();
	timer_delay_us(10000);
	a = now() - start;
	b = hypervisor_time() - hypervisor;
	report_range("as-hypercall-time", b, a, a + NANOSECONDS / 10);
}

static void check_wall(void)
{
	uint64_t total;
	uint64_t hypervisor;

	wall.version = 1;
	report_trap("wall", trap_try_wrmsr(MSR_KVM_WALL_CLOCK_NEW, (uintptr_t)&wall), TRAP_NONE);
	report_true("wall-version", (wall.version & 1) == 0);
	report_true("wall-nanoseconds", wall.nanoseconds < NANOSECONDS);
	total = wall.seconds * NANOSECONDS + wall.nanoseconds + now();
	hypervisor = hypervisor_time();
	report_range("wall-year", total / NANOSECONDS, YEAR_2020, YEAR_2100);
	report_true("wall-as-hypercall",
		    hypervisor >= total - NANOSECONDS / 100 && hypervisor - total < NANOSECONDS);
}

/* Addresses that are no RAM: the partition's own fault, and no effect on anybody. */
static void check_bad_addresses(void)
{
	int outside = trap_try_wrmsr(MSR_KVM_SYSTEM_TIME_NEW, OUTSIDE_RAM | ENABLE);
	int wall_outside = trap_try_wrmsr(MSR_KVM_WALL_CLOCK_NEW, OUTSIDE_RAM);
	int wraps = trap_try_wrmsr(MSR_KVM_SYSTEM_TIME_NEW, UINT64_MAX);

	report_true("page-outside", outside == TRAP_GP || outside == TRAP_NONE);
	report_true("wall-outside", wall_outside == TRAP_GP || wall_outside == TRAP_NONE);
	report_true("page-wraps", wraps == TRAP_GP || wraps == TRAP_NONE);
	report_trap("disable", trap_try_wrmsr(MSR_KVM_SYSTEM_TIME_NEW, 0), TRAP_NONE);
}

void test_clock(void)
{
	if (!report_needs_bulkhead("all")) {
		return;
	}
	check_page();
	check_wall();
	check_bad_addresses();
}
