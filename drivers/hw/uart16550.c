/* SPDX-License-Identifier: Apache-2.0 */
/* A 16550A at COM1 (National Semiconductor PC16550D datasheet), polled, as boot/uart.c has set it
 * up. */
#include "uart16550.h"

#include "arch/cpu.h"
#include "arch/port_io.h"

#define COM1 0x3f8u

#define REG_DATA 0u
#define REG_IER  1u
#define REG_MCR  4u
#define REG_LSR  5u

#define IER_RECEIVED   0x01u
#define MCR_DTR_RTS    0x03u
#define MCR_OUT2       0x08u /* on a PC: lets the interrupt out */
#define LSR_DATA_READY 0x01u
#define LSR_THRE       0x20u
#define LSR_TEMT       0x40u

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

void uart16550_init(bool is_present)
{
	uart.is_present = is_present;
	uart.room = 0;
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
