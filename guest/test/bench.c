/* SPDX-License-Identifier: Apache-2.0 */
/* What operations cost: RDTSC round each, 1,000 times, in TSC ticks. */
#include "apic.h"
#include "channel.h"
#include "console.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "samples.h"
#include "smp.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define SAMPLES        1000u
#define VECTOR         0x49u
#define HYPERVISOR_BIT (1u << 31) /* CPUID 1, ECX */
#define PIC_DATA       0x21u      /* KVM serves it in the kernel, the UART in user space */

static uint32_t samples[SAMPLES];
static uint32_t overhead;
static bool is_amd;

static void print(const char *name)
{
	samples_print(name, samples, SAMPLES, overhead);
}

#define MEASURE(name, ...)                                                                         \
	do {                                                                                       \
		for (uint32_t i_ = 0; i_ < SAMPLES; i_++) {                                        \
			uint64_t start_ = cpu_rdtsc();                                             \
                                                                                                   \
			__VA_ARGS__;                                                               \
			samples[i_] = (uint32_t)(cpu_rdtsc() - start_);                            \
		}                                                                                  \
		print(name);                                                                       \
	} while (0)

static void do_cpuid(uint32_t leaf)
{
	uint32_t ignored;

	__asm__ volatile("cpuid"
			 : "+a"(leaf), "=b"(ignored), "=c"(ignored), "=d"(ignored)
			 : "c"(0));
}

/* Another hypervisor refuses the call, on the same way. */
static void measure_hypercall(void)
{
	uint64_t status;

	if ((cpu_cpuid(1, 0).ecx & HYPERVISOR_BIT) == 0) {
		report_skip("hypercall", "no hypervisor below");
		return;
	}
	if (is_amd) {
		MEASURE("hypercall", __asm__ volatile("vmmcall"
						      : "=a"(status)
						      : "a"(HYPERCALL_NULL)));
	} else {
		MEASURE("hypercall", __asm__ volatile("vmcall"
						      : "=a"(status)
						      : "a"(HYPERCALL_NULL)));
	}
	if (hypercall_is_present()) {
		report_equal("hypercall", status, HYPERCALL_OK);
	}
}

static void measure_apic(void)
{
	volatile uint32_t *id = (volatile uint32_t *)(uintptr_t)(APIC_PAGE + APIC_ID);
	volatile uint32_t *eoi = (volatile uint32_t *)(uintptr_t)(APIC_PAGE + APIC_EOI);
	volatile uint32_t *window = (volatile uint32_t *)(uintptr_t)(IOAPIC_PAGE + IOAPIC_SELECT);

	if (apic_is_x2apic()) {
		MEASURE("x2apic-read", cpu_rdmsr(MSR_X2APIC_BASE + APIC_ID / 16));
		MEASURE("x2apic-eoi", cpu_wrmsr(MSR_X2APIC_BASE + APIC_EOI / 16, 0));
	} else {
		MEASURE("xapic-read", (void)*id);
		MEASURE("xapic-eoi", *eoi = 0);
	}
	MEASURE("ioapic-read", (void)*window);
}

static void measure_ipi(void)
{
	uint32_t own = apic_id();
	uint32_t seen = 0;

	trap_count_reset(VECTOR);
	cpu_sti();
	MEASURE(
		"self-ipi", apic_send_vector(own, VECTOR);
		while (trap_count(VECTOR) <= i_) { cpu_pause(); });
	if (smp_count() < 2) {
		report_skip("ipi", "one vCPU");
	} else if (!smp_is_online(1) && !smp_start(1)) {
		report_fail("ipi", "vCPU 1 does not start");
	} else {
		trap_count_reset(VECTOR);
		MEASURE(
			"ipi", apic_send_vector(smp_apic_id(1), VECTOR);
			while (trap_count_of(1, VECTOR) <= i_) { cpu_pause(); });
		seen = trap_count_of(1, VECTOR);
		report_equal("ipi", seen, SAMPLES);
	}
	cpu_cli();
}

/* To itself, with interrupts off: the same way as to another partition, and nothing else runs. */
static void measure_doorbell(void)
{
	struct channel channel;

	if (!channel_open(&channel, VECTOR)) {
		report_skip("doorbell", "no channel0");
		return;
	}
	trap_count_reset(VECTOR);
	MEASURE("doorbell", channel_ring(&channel, channel.id, 0));
	cpu_sti();
	report_true("doorbell", timer_wait_count(0, VECTOR, 1, 1000));
	cpu_cli();
}

void test_bench(void)
{
	is_amd = cpu_is_amd();
	cpu_cli();
	overhead = 0;
	MEASURE("empty", (void)0);
	overhead = samples[SAMPLES / 2];
	MEASURE("cpuid-0", do_cpuid(0));
	MEASURE("cpuid-40000000", do_cpuid(0x40000000));
	measure_hypercall();
	MEASURE("uart-lsr-in", cpu_inb(UART_PORT + UART_LSR));
	MEASURE("uart-scr-out", cpu_outb(UART_PORT + UART_SCR, 0));
	MEASURE("uart-ier-out", cpu_outb(UART_PORT + UART_IER, 0));
	MEASURE("pic-in", cpu_inb(PIC_DATA));
	MEASURE("port-unowned-in", cpu_inb(0x1234));
	MEASURE("rdmsr-apic-base", cpu_rdmsr(MSR_APIC_BASE));
	measure_apic();
	measure_ipi();
	measure_doorbell();
	report_true("ran", samples[0] > 0);
}
