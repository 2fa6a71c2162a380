/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition's console output goes. */
#pragma once

#include <stdint.h>

struct vm;

/* The last bytes written; guarded by the console's lock. */
struct console_ring {
	char *bytes;   /* NULL: none are kept */
	uint32_t size; /* a power of two */
	uint64_t next; /* bytes ever written */
};

/* Bytes of a partition's console: gathered to lines and printed "[name] line", or raw for the owner
 * of the real UART. Any CPU. */
void console_write(struct vm *vm, const uint8_t *bytes, uint32_t size);

/* For a model that takes input again after the UART's did not. */
void console_input_again(void);
