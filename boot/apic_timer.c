/* SPDX-License-Identifier: Apache-2.0 */
/* The frequency of the local APIC timer, measured against the TSC; guests are told it. */
#include "cpu_ops.h"
#include "loader.h"

#define MSR_IA32_APIC_BASE   0x1bu
#define MSR_IA32_X2APIC_BASE 0x800u
#define APIC_BASE_EXTD       (UINT64_C(1) << 10)
#define APIC_BASE_EN         (UINT64_C(1) << 11)
#define APIC_BASE_ADDRESS    UINT64_C(0x000ffffffffff000)

/* SDM 3A, "Local APIC Register Address Map". */
#define LVT_TIMER     0x320u
#define TIMER_INITIAL 0x380u
#define TIMER_CURRENT 0x390u
#define TIMER_DIVIDE  0x3e0u

#define LVT_MASKED           (1u << 16)
#define DIVIDE_1             0xbu
#define MEASURE_MICROSECONDS 5000u
#define FLAGS_IF             (UINT64_C(1) << 9)

static uint32_t get(uint64_t base, uint32_t offset)
{
	if ((base & APIC_BASE_EXTD) != 0) {
		return (uint32_t)msr_read(MSR_IA32_X2APIC_BASE + offset / 16);
	}
	return *(volatile uint32_t *)((base & APIC_BASE_ADDRESS) + offset);
}

static void set(uint64_t base, uint32_t offset, uint32_t value)
{
	if ((base & APIC_BASE_EXTD) != 0) {
		msr_write(MSR_IA32_X2APIC_BASE + offset / 16, value);
	} else {
		*(volatile uint32_t *)((base & APIC_BASE_ADDRESS) + offset) = value;
	}
}

/* Masked, one-shot: it counts without ever interrupting. */
static uint64_t measure(uint64_t base, uint64_t tsc_hz)
{
	uint64_t ticks = tsc_hz / 1000000 * MEASURE_MICROSECONDS;
	uint64_t start;
	uint64_t end;
	uint32_t left;

	set(base, LVT_TIMER, LVT_MASKED);
	set(base, TIMER_DIVIDE, DIVIDE_1);
	start = tsc_read();
	set(base, TIMER_INITIAL, UINT32_MAX);
	do {
		end = tsc_read();
	} while (end - start < ticks);
	left = get(base, TIMER_CURRENT);
	return (uint64_t)(UINT32_MAX - left) * tsc_hz / (end - start);
}

/* The firmware may be using the timer: it gets it back as it was, a period longer. */
uint64_t apic_timer_hz(uint64_t tsc_hz)
{
	uint64_t base = msr_read(MSR_IA32_APIC_BASE);
	uint32_t lvt;
	uint32_t divide;
	uint32_t initial;
	uint64_t flags;
	uint64_t hz;

	if ((base & APIC_BASE_EN) == 0 || tsc_hz == 0) {
		return 0;
	}
	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	lvt = get(base, LVT_TIMER);
	divide = get(base, TIMER_DIVIDE);
	initial = get(base, TIMER_INITIAL);
	hz = measure(base, tsc_hz);
	set(base, TIMER_INITIAL, 0);
	set(base, TIMER_DIVIDE, divide);
	set(base, LVT_TIMER, lvt);
	set(base, TIMER_INITIAL, initial);
	if ((flags & FLAGS_IF) != 0) {
		__asm__ volatile("sti" : : : "memory");
	}
	return hz;
}
