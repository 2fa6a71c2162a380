/* SPDX-License-Identifier: Apache-2.0 */
/* What hv needs from real hardware; drivers/hw implements it. */
#pragma once

#include "addr.h"

#include <stddef.h>

struct boot_info;

/* --- console: drivers/hw/console.c over uart16550.c and framebuffer.c --- */

/* Either device may be absent; the framebuffer is cleared. */
void platform_console_init(const struct boot_info *boot);
/* Bytes as they are, \n becomes \r\n; serialized by the caller. */
void platform_console_write(const char *text, size_t size);
/* A byte that the person typed; false: none. */
bool platform_console_read(uint8_t *byte);
/* Received bytes raise an NMI from here on, if the loader has routed it. Those that are still there
 * do so again: for a reader that stopped before there were none. */
void platform_console_rearm(void);

/* --- power: drivers/hw/power.c --- */

/* Ends the machine: tells a known emulator (debug-exit port, Bochs' shutdown port), else ACPI S5,
 * else returns. code: 0 = all went well. */
void platform_power_off(uint32_t code);
void platform_power_init(const struct boot_info *boot);
