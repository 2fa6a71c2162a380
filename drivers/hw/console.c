/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's console: whatever of serial port and framebuffer is wanted and there. */
#include "hv/platform.h"

#include "boot_abi.h"
#include "framebuffer.h"
#include "ioapic.h"
#include "uart16550.h"

static bool has_uart;
static bool is_interrupting;

void platform_console_init(const struct boot_info *boot, uint32_t mask)
{
	has_uart = (mask & CONFIG_CONSOLE_UART0) != 0 && uart16550_init();
	if ((mask & CONFIG_CONSOLE_FRAMEBUFFER) != 0) {
		framebuffer_init(&boot->framebuffer);
	}
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

bool platform_console_interrupt(const struct boot_info *boot, uint32_t apic_id)
{
	if (!has_uart ||
	    !ioapic_route_nmi((volatile uint8_t *)boot->ioapic_base, boot->uart_pin, apic_id)) {
		return false;
	}
	uart16550_enable_interrupt();
	is_interrupting = true;
	return true;
}

void platform_console_rearm(void)
{
	if (is_interrupting) {
		uart16550_enable_interrupt();
	}
}
