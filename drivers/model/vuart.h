/* SPDX-License-Identifier: Apache-2.0 */
/* The 16550A serial port of a partition. */
#pragma once

#include "arch/spin.h"
#include "hv/device.h"

#define VUART_PORT       0x3f8u
#define VUART_PORT_COUNT 8u
#define VUART_PIN        4u
#define VUART_BACKLOG    256u /* a power of two */

struct vuart {
	struct spin_lock lock; /* everything below; lsr may be read without it */
	_Atomic uint8_t lsr;
	uint8_t reg[VUART_PORT_COUNT]; /* those that are plain, by offset; FCR where IIR is read */
	uint8_t divisor[2];            /* low, high */
	uint8_t msr_delta;             /* low half of MSR */
	bool is_thre_pending;          /* THRE interrupt: raised, and not read from IIR since */
	bool is_line_high;             /* as told to the I/O APIC */
	bool is_input_waiting;         /* vuart_takes_input() has said no */
	uint32_t input_head;
	uint32_t input_count;
	/* Received bytes: the first ones are in the receive FIFO, the others wait on the wire. */
	uint8_t input[VUART_BACKLOG];
};

void vuart_reset(struct vm *vm);
device_read vuart_read;
device_write vuart_write;
