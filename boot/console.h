/* SPDX-License-Identifier: Apache-2.0 */
/* Text output: the firmware's console and the first UART, each line once on each. */
#pragma once

#include "uefi.h"

#include <stdint.h>

void console_start(EFI_SYSTEM_TABLE *system);

/* A line as printf makes it (formats: fmt.h); the newline is added. */
__attribute__((format(printf, 1, 2))) void console_print(const char *format, ...);

/* The same to the UART only; works after ExitBootServices. */
__attribute__((format(printf, 1, 2))) void console_print_uart(const char *format, ...);

/* Waits for a key, at most `seconds`. */
void console_wait_key(unsigned int seconds);
