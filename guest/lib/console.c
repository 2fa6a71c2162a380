/* SPDX-License-Identifier: Apache-2.0 */
/* Text output. */
#include "console.h"

#include "cpu.h"
#include "fmt.h"

#include <stdatomic.h>
#include <stdbool.h>

#define LINE_MAX       320u
#define UART_POLLS_MAX 1000000u

static atomic_flag console_lock = ATOMIC_FLAG_INIT;

static uint16_t uart(uint32_t offset)
{
	return (uint16_t)(UART_PORT + offset);
}

void console_init(void)
{
	cpu_outb(uart(UART_IER), 0);
	cpu_outb(uart(UART_LCR), UART_LCR_DLAB);
	cpu_outb(uart(UART_RBR_THR), 1); /* 115200 baud */
	cpu_outb(uart(UART_IER), 0);
	cpu_outb(uart(UART_LCR), 3); /* 8N1 */
	cpu_outb(uart(UART_IIR_FCR), 7);
	cpu_outb(uart(UART_MCR), 3);
}

static void put(char c)
{
	for (uint32_t i = 0; i < UART_POLLS_MAX; i++) {
		if ((cpu_inb(uart(UART_LSR)) & UART_LSR_THRE) != 0) {
			break;
		}
		cpu_pause();
	}
	cpu_outb(uart(UART_RBR_THR), (uint8_t)c);
}

void console_write(const char *text, size_t size)
{
	bool was_on = cpu_irq_save();

	while (atomic_flag_test_and_set_explicit(&console_lock, memory_order_acquire)) {
		cpu_pause();
	}
	for (size_t i = 0; i < size; i++) {
		put(text[i]);
	}
	atomic_flag_clear_explicit(&console_lock, memory_order_release);
	cpu_irq_restore(was_on);
}

void console_print(const char *format, ...)
{
	char line[LINE_MAX];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = fmt_format(line, sizeof(line), format, arguments);
	va_end(arguments);
	console_write(line, length);
}
