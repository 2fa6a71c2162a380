/* SPDX-License-Identifier: Apache-2.0 */
/* What hv needs from real hardware; drivers/hw implements it. */
#pragma once

#include "addr.h"

#include <stddef.h>

struct boot_info;

/* --- console: drivers/hw/console.c over uart16550.c and framebuffer.c --- */

/* mask: enum config_console. Probes the UART (it may be absent); the framebuffer is cleared. */
void platform_console_init(const struct boot_info *boot, uint32_t mask);
/* Bytes as they are, \n becomes \r\n; serialized by the caller. */
void platform_console_write(const char *text, size_t size);
/* A byte that the person typed; false: none. */
bool platform_console_read(uint8_t *byte);
/* Makes received bytes raise an NMI at the CPU with this APIC ID (I/O APIC pin of the UART in NMI
 * mode); false: there is no I/O APIC, the caller polls. */
bool platform_console_interrupt(const struct boot_info *boot, uint32_t apic_id);

/* Bytes that are still there interrupt again: for a reader that stopped before there were none. */
void platform_console_rearm(void);

/* --- power: drivers/hw/power.c --- */

/* Ends the machine: tells a known emulator (debug-exit port, Bochs' shutdown port), else ACPI S5,
 * else returns. code: 0 = all went well. */
void platform_power_off(uint32_t code);
void platform_power_init(const struct boot_info *boot);
