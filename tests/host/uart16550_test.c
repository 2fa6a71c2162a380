/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of the real UART, and the loader's set-up of it, against our own model of one, and
 * against its absence. */
/* Links: drivers/hw/uart16550.c boot/uart.c @models */
#include "arch/port_io.h"
#include "fake.h"
#include "host/model_bench.h"
#include "models.h"
#include "tap.h"
#include "uart.h"
#include "uart16550.h"
#include "vuart.h"

static uint32_t lsr_reads;
static bool is_busy; /* the transmitter never empties */

static struct vuart *uart(void)
{
	return bench.vm.device_state[MODEL_UART];
}

static uint32_t port_read(uint16_t port, uint32_t size)
{
	uint32_t value;

	TAP_CHECK(port >= VUART_PORT && port < VUART_PORT + VUART_PORT_COUNT && size == 1);
	value = (uint32_t)bench_read(MODEL_UART, 0, port - VUART_PORT, size);
	if (port == VUART_PORT + 5) {
		lsr_reads++;
		value &= is_busy ? ~0x60u : ~0u;
	}
	return value;
}

static void port_write(uint16_t port, uint32_t size, uint32_t value)
{
	bench_write(MODEL_UART, 0, port - VUART_PORT, size, value);
}

static uint8_t get(uint32_t reg)
{
	return arch_in8((uint16_t)(VUART_PORT + reg));
}

static void set(uint32_t reg, uint8_t value)
{
	arch_out8((uint16_t)(VUART_PORT + reg), value);
}

/* As the loader and then the hypervisor do. */
static bool init(void)
{
	static const struct uart_access access = {get, set};
	bool is_there = uart_set_up(&access);

	uart16550_init(is_there);
	return is_there;
}

static void start(void)
{
	bench_start(1);
	fake_ports.on_read = port_read;
	fake_ports.on_write = port_write;
	lsr_reads = 0;
	is_busy = false;
}

static void test_init(void)
{
	start();
	TAP_CHECK(init());
	TAP_EQUAL(bench.output_count, 0); /* probing sends nothing */
	TAP_EQUAL(uart()->reg[3], 0x03);
	TAP_EQUAL(uart()->divisor[0], 1);
	TAP_EQUAL(uart()->divisor[1], 0);
	TAP_EQUAL(uart()->reg[1], 0);
	TAP_EQUAL(uart()->reg[4], 0x03);
	TAP_EQUAL(uart()->reg[2], 0x01);
}

static void test_output(void)
{
	start();
	TAP_CHECK(init());
	for (uint32_t i = 0; i < 33; i++) {
		uart16550_put((uint8_t)('a' + i % 26));
	}
	TAP_EQUAL(bench.output_count, 33);
	TAP_EQUAL(lsr_reads, 3); /* once per FIFO, not per byte */
}

static void test_input(void)
{
	uint8_t byte = 0;

	start();
	TAP_CHECK(init());
	TAP_CHECK(!uart16550_get(&byte));
	bench_route(VUART_PIN, 0x33);
	uart16550_enable_interrupt();
	vuart_input(&bench.vm, 'k');
	TAP_EQUAL(bench.interrupted[0x33], 1);
	TAP_CHECK(uart16550_get(&byte));
	TAP_EQUAL(byte, 'k');
	TAP_CHECK(!uart16550_get(&byte));
	vuart_input(&bench.vm, 'l'); /* a new edge after the FIFO was emptied */
	TAP_EQUAL(bench.interrupt_count, 2);
	uart16550_enable_interrupt(); /* not read: a third edge */
	TAP_EQUAL(bench.interrupt_count, 3);
	TAP_CHECK(uart16550_get(&byte));
	uart16550_enable_interrupt();
	TAP_EQUAL(bench.interrupt_count, 3);
}

/* A transmitter that hangs costs a bounded time per byte. */
static void test_busy(void)
{
	start();
	TAP_CHECK(init());
	is_busy = true;
	fake_cpus.is_pause_allowed = true;
	uart16550_put('x');
	uart16550_drain();
	TAP_EQUAL(bench.output_count, 0);
	TAP_CHECK(lsr_reads > 1000 && lsr_reads < 1000000);
}

static void test_absent(void)
{
	uint8_t byte;

	fake_reset(); /* all ports read as ones */
	TAP_CHECK(!init());
	fake_ports.access_count = 0;
	uart16550_put('x');
	uart16550_drain();
	TAP_CHECK(!uart16550_get(&byte));
	TAP_EQUAL(fake_ports.access_count, 0);
}

static const struct tap_case cases[] = {
	{"probe and set-up", test_init},
	{"output by FIFOs", test_output},
	{"input and its interrupt", test_input},
	{"transmitter that hangs", test_busy},
	{"no UART", test_absent},
};
TAP_MAIN(cases)
