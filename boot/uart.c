/* SPDX-License-Identifier: Apache-2.0 */
/* A 16550A (National Semiconductor PC16550D datasheet): found and set up. */
#include "uart.h"

#define REG_DATA    0u
#define REG_IER     1u
#define REG_FCR     2u
#define REG_LCR     3u
#define REG_MCR     4u
#define REG_MSR     6u
#define REG_SCRATCH 7u

#define FCR_ENABLE_CLEAR 0x07u /* FIFOs on and empty, trigger at one byte */
#define LCR_8N1          0x03u
#define LCR_DLAB         0x80u
#define MCR_DTR_RTS      0x03u
#define MCR_LOOP         0x10u
#define DIVISOR_115200   1u

static bool has_scratch(const struct uart_access *uart)
{
	bool is_ok;

	uart->set(REG_SCRATCH, 0x55);
	is_ok = uart->get(REG_SCRATCH) == 0x55;
	uart->set(REG_SCRATCH, 0xaa);
	return is_ok && uart->get(REG_SCRATCH) == 0xaa;
}

/* In loopback RTS shows as CTS and OUT2 as DCD: no byte is sent by this. */
static bool has_loopback(const struct uart_access *uart)
{
	uint8_t mcr = uart->get(REG_MCR);
	uint8_t msr;

	uart->set(REG_MCR, MCR_LOOP | 0x0a);
	msr = uart->get(REG_MSR);
	uart->set(REG_MCR, mcr);
	return (msr & 0xf0) == 0x90;
}

bool uart_set_up(const struct uart_access *uart)
{
	if (!has_scratch(uart) || !has_loopback(uart)) {
		return false;
	}
	uart->set(REG_IER, 0);
	uart->set(REG_LCR, LCR_DLAB | LCR_8N1);
	uart->set(REG_DATA, DIVISOR_115200);
	uart->set(REG_IER, 0); /* high half of the divisor */
	uart->set(REG_LCR, LCR_8N1);
	uart->set(REG_FCR, FCR_ENABLE_CLEAR);
	uart->set(REG_MCR, MCR_DTR_RTS);
	return true;
}
