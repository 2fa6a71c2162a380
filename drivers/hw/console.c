/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's console: whatever of serial port and framebuffer is wanted and there. */
#include "hv/platform.h"

#include "boot_abi.h"
#include "framebuffer.h"
#include "uart16550.h"

static bool has_interrupt;

void platform_console_init(const struct boot_info *boot)
{
	has_interrupt = boot->is_uart_routed != 0;
	uart16550_init(boot->has_uart != 0);
	framebuffer_init(&boot->framebuffer);
}

static void put(char character)
{
	uart16550_put((uint8_t)character);
	framebuffer_put(character);
}

void platform_console_write(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n') {
			put('\r');
		}
		put(text[i]);
	}
}

bool platform_console_read(uint8_t *byte)
{
	return uart16550_get(byte);
}

void platform_console_rearm(void)
{
	if (has_interrupt) {
		uart16550_enable_interrupt();
	}
}
