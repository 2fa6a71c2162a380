/* SPDX-License-Identifier: Apache-2.0 */
/* Text output: the 16550 by polling, or the console hypercall. */
#pragma once

#include <stddef.h>

/* 16550 registers by offset (PC16550D data sheet, "Registers"). */
#define UART_PORT     0x3f8u
#define UART_RBR_THR  0u
#define UART_IER      1u
#define UART_IIR_FCR  2u
#define UART_LCR      3u
#define UART_MCR      4u
#define UART_LSR      5u
#define UART_MSR      6u
#define UART_SCR      7u
#define UART_LSR_DR   0x01u
#define UART_LSR_OE   0x02u
#define UART_LSR_THRE 0x20u
#define UART_LSR_TEMT 0x40u
#define UART_LCR_DLAB 0x80u
#define UART_MCR_LOOP 0x10u
#define UART_IRQ      4u

void console_init(void);

/* One piece of text, never mixed with another vCPU's. */
void console_write(const char *text, size_t size);

__attribute__((format(printf, 1, 2))) void console_print(const char *format, ...);
