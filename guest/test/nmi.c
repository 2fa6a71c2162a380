/* SPDX-License-Identifier: Apache-2.0 */
/* NMIs: from the APIC and by hypercall, blocked until IRET, and out of HLT. */
#include "apic.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "smp.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define WAIT_US   2000000u
#define SETTLE_US 2000u
#define ROUNDS    50u

static _Atomic uint32_t nmi_count;
static uint32_t depth;
static uint32_t depth_max;

static void self_nmi(void)
{
	apic_send(apic_id(), APIC_NMI | APIC_ASSERT);
}

static void on_nmi(struct trap_frame *frame)
{
	(void)frame;
	nmi_count++;
}

/* Another NMI from inside the handler: held until IRET, exits in between or not. */
static void on_nested(struct trap_frame *frame)
{
	(void)frame;
	nmi_count++;
	depth++;
	depth_max = depth > depth_max ? depth : depth_max;
	if (nmi_count == 1) {
		self_nmi();
		cpu_cpuid(0, 0);
		timer_delay_us(SETTLE_US);
		cpu_rdmsr(MSR_APIC_BASE);
	}
	depth--;
}

static void check_self(void)
{
	nmi_count = 0;
	trap_set_handler(TRAP_NMI, on_nmi);
	cpu_cli();
	self_nmi();
	report_true("self", timer_wait_for(&nmi_count, 1, WAIT_US));
	for (uint32_t i = 1; i < ROUNDS; i++) {
		self_nmi();
		timer_wait_for(&nmi_count, i + 1, WAIT_US);
	}
	timer_delay_us(SETTLE_US);
	report_equal("each-one-once", nmi_count, ROUNDS);
}

static void check_blocking(void)
{
	nmi_count = 0;
	depth = 0;
	depth_max = 0;
	trap_set_handler(TRAP_NMI, on_nested);
	self_nmi();
	report_true("second-after-iret", timer_wait_for(&nmi_count, 2, WAIT_US));
	report_equal("never-nested", depth_max, 1);
	timer_delay_us(SETTLE_US);
	report_equal("no-third", nmi_count, 2);
}

static void check_injected(void)
{
	if (!report_needs_bulkhead("by-hypercall")) {
		return;
	}
	nmi_count = 0;
	trap_set_handler(TRAP_NMI, on_nmi);
	report_equal("by-hypercall-status", (uint64_t)hypercall(HYPERCALL_INJECT, INJECT_NMI, 0),
		     0);
	report_true("by-hypercall", timer_wait_for(&nmi_count, 1, WAIT_US));
	timer_delay_us(SETTLE_US);
	report_equal("by-hypercall-once", nmi_count, 1);
}

static void send_after_a_while(void *argument)
{
	(void)argument;
	timer_delay_us(SETTLE_US);
	apic_send(smp_apic_id(0), APIC_NMI | APIC_ASSERT);
}

/* Interrupts are off: only the NMI ends the HLT. */
static void check_halt(void)
{
	if (smp_count() < 2) {
		report_skip("out-of-hlt", "one vCPU");
		return;
	}
	nmi_count = 0;
	trap_set_handler(TRAP_NMI, on_nmi);
	if (!smp_is_online(1) && !smp_start(1)) {
		report_fail("out-of-hlt", "vCPU 1 does not start");
		return;
	}
	cpu_cli();
	smp_begin(1, send_after_a_while, NULL);
	__asm__ volatile("hlt");
	report_equal("out-of-hlt", nmi_count, 1);
	smp_finish(1, WAIT_US);
}

void test_nmi(void)
{
	check_self();
	check_blocking();
	check_injected();
	check_halt();
	trap_set_handler(TRAP_NMI, NULL);
}
