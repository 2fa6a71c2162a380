/* SPDX-License-Identifier: Apache-2.0 */
/* The serial port COM1, made ready for the hypervisor. Pure over its registers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Access to a register by its offset. */
struct uart_access {
	uint8_t (*get)(uint32_t reg);
	void (*set)(uint32_t reg, uint8_t value);
};

/* Looks for a 16550A without sending anything; sets it to 115200 8N1, FIFOs on, no interrupts.
 * False: not there. */
bool uart_set_up(const struct uart_access *uart);
