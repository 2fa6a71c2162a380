/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition's console output goes. */
#pragma once

#include <stdint.h>

struct vm;

/* One byte of a partition's console: gathered to lines and printed "[name] line", or raw for the
 * owner of the real UART. Any CPU. */
void console_put(struct vm *vm, uint8_t byte);
