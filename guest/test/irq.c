/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts at one vCPU: masks, priorities, nesting, shadows, and the UART's by the I/O APIC. */
#include "apic.h"
#include "console.h"
#include "cpu.h"
#include "report.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define VECTOR_LOW    0x45u
#define VECTOR_MIDDLE 0x55u
#define VECTOR_HIGH   0x65u
#define WAIT_US       2000000u
#define SETTLE_US     300u
#define ORDER_MAX     8u

static uint8_t order[ORDER_MAX];
static uint32_t order_count;
static uint64_t shadow_rip;
static uint64_t shadow_want;

static void self_ipi(uint8_t vector)
{
	apic_send(0, APIC_SELF | APIC_FIXED | APIC_ASSERT | vector);
}

static bool wait_one(uint8_t vector)
{
	return timer_wait_count(cpu_index(), vector, 1, WAIT_US);
}

static void check_self_ipi(void)
{
	trap_count_reset(VECTOR_LOW);
	cpu_sti();
	self_ipi(VECTOR_LOW);
	report_true("self-ipi", wait_one(VECTOR_LOW));
	apic_send_vector(apic_id(), VECTOR_LOW);
	report_true("ipi-to-own-id", timer_wait_count(cpu_index(), VECTOR_LOW, 2, WAIT_US));
	if (apic_is_x2apic()) {
		apic_write(APIC_SELF_IPI, VECTOR_LOW);
		report_true("self-ipi-register",
			    timer_wait_count(cpu_index(), VECTOR_LOW, 3, WAIT_US));
	}
	cpu_cli();
	apic_eoi(); /* nothing in service: no effect */
	report_true("eoi-of-nothing", !apic_is_set(APIC_ISR, VECTOR_LOW));
}

static void check_masked_by_if(void)
{
	trap_count_reset(VECTOR_LOW);
	cpu_cli();
	self_ipi(VECTOR_LOW);
	timer_delay_us(SETTLE_US);
	report_equal("if-clear-holds", trap_count(VECTOR_LOW), 0);
	report_true("irr-shows-it", apic_is_set(APIC_IRR, VECTOR_LOW));
	cpu_sti();
	report_true("if-set-delivers", wait_one(VECTOR_LOW));
	cpu_cli();
	report_true("irr-empty", !apic_is_set(APIC_IRR, VECTOR_LOW));
}

static void check_task_priority(void)
{
	trap_count_reset(VECTOR_LOW);
	trap_count_reset(VECTOR_HIGH);
	cpu_write_cr8(VECTOR_LOW >> 4);
	report_equal("cr8-is-tpr", apic_read(APIC_TPR), VECTOR_LOW & 0xf0);
	cpu_sti();
	self_ipi(VECTOR_LOW);
	self_ipi(VECTOR_HIGH);
	report_true("above-tpr-comes", wait_one(VECTOR_HIGH));
	timer_delay_us(SETTLE_US);
	report_equal("at-tpr-waits", trap_count(VECTOR_LOW), 0);
	cpu_write_cr8((VECTOR_LOW >> 4) - 1);
	report_true("cr8-lowered-delivers", wait_one(VECTOR_LOW));
	apic_write(APIC_TPR, 0x30);
	report_equal("tpr-is-cr8", cpu_read_cr8(), 3);
	cpu_write_cr8(0);
	cpu_cli();
}

static void note(uint8_t value)
{
	if (order_count < ORDER_MAX) {
		order[order_count++] = value;
	}
}

static void on_plain(struct trap_frame *frame)
{
	note((uint8_t)frame->vector);
	apic_eoi();
}

/* Runs at VECTOR_MIDDLE with interrupts on: a higher vector comes inside, a lower one after EOI. */
static void on_nesting(struct trap_frame *frame)
{
	note((uint8_t)frame->vector);
	cpu_sti();
	self_ipi(VECTOR_LOW);
	self_ipi(VECTOR_HIGH);
	timer_delay_us(SETTLE_US);
	cpu_cli();
	note(0xee);
	apic_eoi();
}

static void set_handlers(trap_handler *low, trap_handler *middle, trap_handler *high)
{
	order_count = 0;
	trap_set_handler(VECTOR_LOW, low);
	trap_set_handler(VECTOR_MIDDLE, middle);
	trap_set_handler(VECTOR_HIGH, high);
}

static void check_priority(void)
{
	set_handlers(on_plain, on_plain, on_plain);
	cpu_cli();
	self_ipi(VECTOR_LOW);
	self_ipi(VECTOR_HIGH);
	self_ipi(VECTOR_MIDDLE);
	timer_delay_us(SETTLE_US);
	cpu_sti();
	timer_delay_us(SETTLE_US);
	cpu_cli();
	report_true("highest-first", order_count == 3 && order[0] == VECTOR_HIGH &&
					     order[1] == VECTOR_MIDDLE && order[2] == VECTOR_LOW);
	set_handlers(on_plain, on_nesting, on_plain);
	cpu_sti();
	self_ipi(VECTOR_MIDDLE);
	timer_delay_us(3 * SETTLE_US);
	cpu_cli();
	report_true("nesting", order_count == 4 && order[0] == VECTOR_MIDDLE &&
				       order[1] == VECTOR_HIGH && order[2] == 0xee &&
				       order[3] == VECTOR_LOW);
	set_handlers(NULL, NULL, NULL);
}

static void on_shadow(struct trap_frame *frame)
{
	shadow_rip = frame->rip;
	apic_eoi();
}

/* A pending interrupt comes after the instruction behind STI, not before, also when that exits. */
static void check_shadow(void)
{
	trap_set_handler(VECTOR_LOW, on_shadow);
	cpu_cli();
	self_ipi(VECTOR_LOW);
	timer_delay_us(SETTLE_US);
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; sti; nop; 1: nop; nop; cli"
			 : "=m"(shadow_want)
			 :
			 : "rax", "memory");
	report_equal("sti-shadow", shadow_rip, shadow_want);
	self_ipi(VECTOR_LOW);
	timer_delay_us(SETTLE_US);
	__asm__ volatile(
		"lea 1f(%%rip), %%rax; mov %%rax, %0; xor %%eax, %%eax; sti; cpuid; 1: nop; cli"
		: "=m"(shadow_want)
		:
		: "rax", "rbx", "rcx", "rdx", "memory");
	report_equal("sti-shadow-over-exit", shadow_rip, shadow_want);
	trap_set_handler(VECTOR_LOW, NULL);
}

static void check_halt(void)
{
	trap_count_reset(VECTOR_LOW);
	cpu_cli();
	self_ipi(VECTOR_LOW);
	cpu_sti_hlt();
	cpu_cli();
	report_equal("sti-hlt-wakes", trap_count(VECTOR_LOW), 1);
}

/* Logical destination of the own flat-mode ID; x2APIC's logical ID is fixed. */
static void check_logical(void)
{
	uint32_t destination = 0x10;

	if (apic_is_x2apic()) {
		destination = apic_read(APIC_LDR);
		report_equal("x2apic-ldr", destination,
			     (apic_id() >> 4) << 16 | 1u << (apic_id() & 0xf));
	} else {
		apic_write(APIC_DFR, UINT32_MAX);
		apic_write(APIC_LDR, destination << 24);
		report_equal("ldr", apic_read(APIC_LDR), destination << 24);
	}
	trap_count_reset(VECTOR_LOW);
	cpu_sti();
	apic_send(destination, APIC_LOGICAL | APIC_ASSERT | APIC_FIXED | VECTOR_LOW);
	report_true("logical-ipi", wait_one(VECTOR_LOW));
	cpu_cli();
}

static void check_uart(void)
{
	trap_count_reset(VECTOR_MIDDLE);
	ioapic_route(UART_IRQ, (uint8_t)apic_id(), VECTOR_MIDDLE);
	cpu_outb(UART_PORT + UART_MCR, 0xb); /* OUT2 lets the line through */
	cpu_sti();
	cpu_outb(UART_PORT + UART_IER, 2); /* THR empty: at once */
	report_true("uart-thre", wait_one(VECTOR_MIDDLE));
	report_equal("uart-iir", cpu_inb(UART_PORT + UART_IIR_FCR) & 0xf, 2);
	cpu_outb(UART_PORT + UART_IER, 0);
	ioapic_route(UART_IRQ, (uint8_t)apic_id(), IOAPIC_MASKED | VECTOR_MIDDLE);
	trap_count_reset(VECTOR_MIDDLE);
	cpu_outb(UART_PORT + UART_IER, 2);
	timer_delay_us(SETTLE_US);
	report_equal("uart-pin-masked", trap_count(VECTOR_MIDDLE), 0);
	cpu_outb(UART_PORT + UART_IER, 0);
	cpu_cli();
}

static void check_software_disable(void)
{
	trap_count_reset(VECTOR_LOW);
	apic_write(APIC_LVT_TIMER, VECTOR_LOW);
	apic_write(APIC_SVR, APIC_VECTOR_SPURIOUS);
	if (cpu_is_amd() && (apic_read(APIC_LVT_TIMER) & APIC_LVT_MASKED) == 0) {
		report_skip("svr-off-masks-lvt", "this is QEMU's local APIC, which leaves it");
	} else {
		report_true("svr-off-masks-lvt",
			    (apic_read(APIC_LVT_TIMER) & APIC_LVT_MASKED) != 0);
	}
	apic_write(APIC_SVR, APIC_SVR_ENABLE | APIC_VECTOR_SPURIOUS);
	report_equal("svr", apic_read(APIC_SVR), APIC_SVR_ENABLE | APIC_VECTOR_SPURIOUS);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_LOW);
}

void test_irq(void)
{
	check_self_ipi();
	check_masked_by_if();
	check_task_priority();
	check_priority();
	check_shadow();
	check_halt();
	check_logical();
	check_uart();
	check_software_disable();
	report_equal("no-spurious", trap_count(APIC_VECTOR_SPURIOUS), 0);
}
