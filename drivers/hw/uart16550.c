/* SPDX-License-Identifier: Apache-2.0 */
/* A 16550A at COM1 (National Semiconductor PC16550D datasheet), polled. */
#include "uart16550.h"

#include "arch/cpu.h"
#include "arch/port_io.h"

#define COM1 0x3f8u

#define REG_DATA    0u
#define REG_IER     1u
#define REG_FCR     2u
#define REG_LCR     3u
#define REG_MCR     4u
#define REG_LSR     5u
#define REG_MSR     6u
#define REG_SCRATCH 7u

#define IER_RECEIVED     0x01u
#define FCR_ENABLE_CLEAR 0x07u /* FIFOs on and empty, trigger at one byte */
#define LCR_8N1          0x03u
#define LCR_DLAB         0x80u
#define MCR_DTR_RTS      0x03u
#define MCR_OUT2         0x08u /* on a PC: lets the interrupt out */
#define MCR_LOOP         0x10u
#define LSR_DATA_READY   0x01u
#define LSR_THRE         0x20u
#define LSR_TEMT         0x40u
#define DIVISOR_115200   1u

#define FIFO_SIZE 16u
/* A port read takes about a microsecond; 16 bytes at 9600 baud leave in 17 ms. */
#define WAIT_READS 50000u

static struct {
	bool is_present;
	uint32_t room; /* bytes that fit in the transmit FIFO for certain */
} uart;

static uint8_t get(uint32_t reg)
{
	return arch_in8((uint16_t)(COM1 + reg));
}

static void set(uint32_t reg, uint32_t value)
{
	arch_out8((uint16_t)(COM1 + reg), (uint8_t)value);
}

static bool has_scratch(void)
{
	bool is_ok;

	set(REG_SCRATCH, 0x55);
	is_ok = get(REG_SCRATCH) == 0x55;
	set(REG_SCRATCH, 0xaa);
	return is_ok && get(REG_SCRATCH) == 0xaa;
}

/* In loopback RTS shows as CTS and OUT2 as DCD: no byte is sent by this. */
static bool has_loopback(void)
{
	uint8_t mcr = get(REG_MCR);
	uint8_t msr;

	set(REG_MCR, MCR_LOOP | 0x0a);
	msr = get(REG_MSR);
	set(REG_MCR, mcr);
	return (msr & 0xf0) == 0x90;
}

bool uart16550_init(void)
{
	uart.is_present = has_scratch() && has_loopback();
	if (!uart.is_present) {
		return false;
	}
	set(REG_IER, 0);
	set(REG_LCR, LCR_DLAB | LCR_8N1);
	set(REG_DATA, DIVISOR_115200);
	set(REG_IER, 0); /* high half of the divisor */
	set(REG_LCR, LCR_8N1);
	set(REG_FCR, FCR_ENABLE_CLEAR);
	set(REG_MCR, MCR_DTR_RTS);
	uart.room = 0;
	return true;
}

static bool wait_for(uint32_t bit)
{
	for (uint32_t i = 0; i < WAIT_READS; i++) {
		if ((get(REG_LSR) & bit) != 0) {
			return true;
		}
		arch_cpu_pause();
	}
	return false;
}

void uart16550_drain(void)
{
	if (uart.is_present) {
		(void)wait_for(LSR_TEMT);
	}
}

void uart16550_put(uint8_t byte)
{
	if (!uart.is_present) {
		return;
	}
	if (uart.room == 0) {
		if (!wait_for(LSR_THRE)) {
			return;
		}
		uart.room = FIFO_SIZE; /* THRE with FIFOs on: all of it is free */
	}
	uart.room--;
	set(REG_DATA, byte);
}

bool uart16550_get(uint8_t *byte)
{
	uint8_t lsr;

	if (!uart.is_present) {
		return false;
	}
	lsr = get(REG_LSR);
	if ((lsr & LSR_DATA_READY) == 0 || lsr == 0xff) { /* all ones: the port went away */
		return false;
	}
	*byte = get(REG_DATA);
	return true;
}

void uart16550_enable_interrupt(void)
{
	set(REG_MCR, MCR_DTR_RTS | MCR_OUT2);
	set(REG_IER, 0);
	set(REG_IER, IER_RECEIVED);
}
