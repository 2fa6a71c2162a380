/* SPDX-License-Identifier: Apache-2.0 */
/* The 16550A model against the datasheet and against what Linux' driver probes. */
/* Links: @models */
#include "host/model_bench.h"
#include "models.h"
#include "tap.h"
#include "vioapic.h"
#include "vuart.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH, FCR = IIR };

#define VECTOR 0x44u

static struct vuart *uart(void)
{
	return bench.vm.device_state[0];
}

static struct vioapic *ioapic(void)
{
	return bench.vm.device_state[MODEL_IOAPIC];
}

static uint8_t get(uint32_t offset)
{
	return (uint8_t)bench_read(MODEL_UART, 0, offset, 1);
}

static void set(uint32_t offset, uint8_t value)
{
	bench_write(MODEL_UART, 0, offset, 1, value);
}

/* With pin 4 unmasked at vCPU 0: interrupts since the last call. */
static uint32_t interrupts(void)
{
	uint32_t count = bench.interrupt_count;

	TAP_EQUAL(bench.interrupted[VECTOR] & ~UINT64_C(1), 0);
	bench.interrupt_count = 0;
	return count;
}

static void start(void)
{
	bench_start(2);
	bench_route(VUART_PIN, VECTOR);
}

static void test_registers(void)
{
	start();
	TAP_EQUAL(get(LSR), 0x60);
	TAP_EQUAL(get(MSR), 0xb0);
	TAP_EQUAL(get(IIR), 0x01);
	set(SCRATCH, 0x5a);
	TAP_EQUAL(get(SCRATCH), 0x5a);
	set(IER, 0xff);
	TAP_EQUAL(get(IER), 0x0f);
	set(LCR, 0x80);
	set(DATA, 0x34);
	set(IER, 0x12);
	TAP_EQUAL(get(DATA), 0x34);
	TAP_EQUAL(get(IER), 0x12);
	TAP_EQUAL(bench_read(MODEL_UART, 0, 0, 2), 0x1234);
	set(LCR, 0x03);
	TAP_EQUAL(get(IER), 0x0f);
	TAP_EQUAL(get(DATA), 0);
	TAP_EQUAL(bench.output_count, 0);
	set(FCR, 0x01);
	TAP_EQUAL(get(IIR) & 0xe0, 0xc0); /* 16550A, not 16750 */
	set(FCR, 0xc0);                   /* without the enable bit: FIFOs off */
	TAP_EQUAL(get(IIR) & 0xc0, 0);
}

static void test_output(void)
{
	start();
	set(DATA, 'h');
	bench_write(MODEL_UART, 0, DATA, 1, 'i');
	TAP_TEXT(bench.output, "hi");
	TAP_EQUAL(get(LSR), 0x60);
	TAP_EQUAL(interrupts(), 0);
}

/* serial8250_do_startup() of Linux: a port that does not do this gets a timer instead of
 * interrupts. */
static void test_linux_thre(void)
{
	start();
	set(MCR, 0x0b);
	set(IER, 0x02);
	TAP_EQUAL(interrupts(), 1);
	TAP_EQUAL(get(IIR), 0x02);
	TAP_EQUAL(get(IIR), 0x01); /* reading IIR has cleared it */
	set(IER, 0);
	set(IER, 0x02);
	TAP_EQUAL(get(IIR), 0x02);
	TAP_EQUAL(interrupts(), 1);
	set(DATA, 'x'); /* transmitter is empty again */
	TAP_EQUAL(interrupts(), 1);
	set(DATA, 'y'); /* still pending: the line stays up, no edge */
	TAP_EQUAL(interrupts(), 0);
	TAP_EQUAL(get(IIR), 0x02);
	set(IER, 0);
	TAP_EQUAL(get(IIR), 0x01);
}

static void test_input(void)
{
	uint8_t byte = 'a';

	start();
	set(FCR, 0x87); /* trigger at 8 */
	set(MCR, 0x0b);
	set(IER, 0x01);
	vuart_input(&bench.vm, byte);
	TAP_EQUAL(interrupts(), 1);
	TAP_EQUAL(get(IIR), 0xcc); /* below the trigger: time-out */
	TAP_EQUAL(get(LSR), 0x61);
	for (uint32_t i = 1; i < 8; i++) {
		vuart_input(&bench.vm, ++byte);
	}
	TAP_EQUAL(get(IIR), 0xc4);
	for (uint32_t i = 0; i < 8; i++) {
		TAP_EQUAL(get(IIR), i == 0 ? 0xc4 : 0xcc);
		TAP_EQUAL(get(DATA), 'a' + i);
	}
	TAP_EQUAL(get(IIR), 0xc1);
	TAP_EQUAL(get(LSR), 0x60);
	TAP_EQUAL(interrupts(), 0);
	vuart_input(&bench.vm, 'z');
	TAP_EQUAL(interrupts(), 1);
	set(FCR, 0x83);
	TAP_EQUAL(get(LSR), 0x60);
}

static void test_backlog(void)
{
	start();
	set(IER, 0x04);
	set(MCR, 0x08);
	for (uint32_t i = 0; i < VUART_BACKLOG + 3; i++) {
		vuart_input(&bench.vm, (uint8_t)i);
	}
	TAP_EQUAL(interrupts(), 1);
	TAP_EQUAL(get(IIR), 0x06);
	TAP_EQUAL(get(LSR), 0x63);
	TAP_EQUAL(get(LSR), 0x61); /* overrun is cleared by reading */
	TAP_EQUAL(get(IIR), 0x01);
	for (uint32_t i = 0; i < VUART_BACKLOG; i++) {
		TAP_EQUAL(get(DATA), (uint8_t)i);
	}
	TAP_EQUAL(get(LSR), 0x60);
}

static void test_full_backlog(void)
{
	start();
	for (uint32_t i = 0; i < VUART_BACKLOG; i++) {
		TAP_CHECK(vuart_takes_input(&bench.vm));
		vuart_input(&bench.vm, (uint8_t)i);
	}
	(void)get(DATA);
	TAP_EQUAL(bench.input_again_count, 0); /* nobody was sent away */
	vuart_input(&bench.vm, 0);
	TAP_CHECK(!vuart_takes_input(&bench.vm));
	(void)get(SCRATCH);
	TAP_EQUAL(bench.input_again_count, 0);
	(void)get(DATA);
	TAP_EQUAL(bench.input_again_count, 1);
	(void)get(DATA);
	TAP_EQUAL(bench.input_again_count, 1);
	vuart_input(&bench.vm, 0);
	vuart_input(&bench.vm, 0);
	TAP_CHECK(!vuart_takes_input(&bench.vm));
	set(FCR, 0x03); /* clears 16 */
	TAP_EQUAL(bench.input_again_count, 2);
}

/* What has waited for the virtio console comes here once the guest writes here again. */
static void test_console_comes_back(void)
{
	start();
	set(DATA, 'x');
	TAP_EQUAL(bench.input_again_count, 0);
	bench.vm.is_console_virtio = true;
	set(DATA, 'y');
	set(DATA, 'z');
	TAP_CHECK(!bench.vm.is_console_virtio);
	TAP_EQUAL(bench.input_again_count, 1);
}

static void test_priority(void)
{
	start();
	set(MCR, 0x10); /* loopback drops the modem lines: deltas */
	set(MCR, 0x08);
	set(FCR, 0x01);
	set(IER, 0x0f);
	for (uint32_t i = 0; i < VUART_BACKLOG + 1; i++) {
		vuart_input(&bench.vm, 'q');
	}
	TAP_EQUAL(get(IIR), 0xc6);
	(void)get(LSR);
	TAP_EQUAL(get(IIR), 0xc4);
	for (uint32_t i = 0; i < VUART_BACKLOG; i++) {
		(void)get(DATA);
	}
	TAP_EQUAL(get(IIR), 0xc2);
	TAP_EQUAL(get(IIR), 0xc0);
	(void)get(MSR);
	TAP_EQUAL(get(IIR), 0xc1);
	TAP_EQUAL(interrupts(), 1); /* the line never went down between them */
}

static void test_loopback(void)
{
	start();
	set(MCR, 0x1a); /* Linux' autoconfig(): RTS and OUT2 show as CTS and DCD */
	TAP_EQUAL(get(MSR) & 0xf0, 0x90);
	set(MCR, 0x15); /* DTR, OUT1: DSR, RI */
	TAP_EQUAL(get(MSR), 0x60 | 0x0b);
	set(MCR, 0x10);
	TAP_EQUAL(get(MSR), 0x06); /* DSR changed; RI fell: trailing edge */
	set(DATA, 0xae);
	TAP_EQUAL(bench.output_count, 0);
	vuart_input(&bench.vm, 'n'); /* not connected */
	TAP_EQUAL(get(LSR), 0x61);
	TAP_EQUAL(get(DATA), 0xae);
	TAP_EQUAL(get(LSR), 0x60);
}

static void test_out2_gates(void)
{
	start();
	set(IER, 0x01);
	vuart_input(&bench.vm, 'g');
	TAP_EQUAL(get(IIR), 0x04);
	TAP_EQUAL(interrupts(), 0);
	set(MCR, 0x08);
	TAP_EQUAL(interrupts(), 1);
	set(MCR, 0x18); /* loopback disconnects OUT2 */
	set(MCR, 0x08);
	TAP_EQUAL(interrupts(), 1);
}

/* Whatever a guest does: the line agrees with IIR, and the FIFO's count stays in range. */
static void test_random(void)
{
	uint32_t seed = 12345;

	start();
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t offset;

		seed = seed * 1664525 + 1013904223;
		offset = seed >> 29;
		if ((seed >> 26 & 3) == 0) {
			vuart_input(&bench.vm, (uint8_t)(seed >> 8));
		} else if ((seed >> 26 & 3) == 1) {
			(void)bench_read(MODEL_UART, 0, offset, offset < 5 && i % 2 ? 4 : 1);
		} else {
			bench_write(MODEL_UART, 0, offset, offset < 7 && i % 3 ? 2 : 1, seed >> 8);
		}
		if (uart()->input_count > VUART_BACKLOG ||
		    uart()->is_line_high != ((ioapic()->level & 1u << VUART_PIN) != 0) ||
		    ((uart()->lsr & 1) != 0) != (uart()->input_count != 0)) {
			TAP_EQUAL(i, UINT32_MAX);
			return;
		}
	}
	TAP_CHECK(bench.interrupt_count > 0);
}

static const struct tap_case cases[] = {
	{"registers and divisor latch", test_registers},
	{"output", test_output},
	{"THRE as Linux tests it", test_linux_thre},
	{"input, trigger level, time-out", test_input},
	{"backlog and overrun", test_backlog},
	{"a full backlog holds the sender up", test_full_backlog},
	{"the console comes back from virtio", test_console_comes_back},
	{"priority of interrupt causes", test_priority},
	{"loopback and modem lines", test_loopback},
	{"OUT2 gates the line", test_out2_gates},
	{"random accesses", test_random},
};
TAP_MAIN(cases)
