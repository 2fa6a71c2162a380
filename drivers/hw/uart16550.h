/* SPDX-License-Identifier: Apache-2.0 */
/* The real serial port COM1. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Where it is not present, all that follows does nothing. */
void uart16550_init(bool is_present);
/* Waits a bounded time for room; then the byte is lost. */
void uart16550_put(uint8_t byte);
/* Waits a bounded time until everything has left. */
void uart16550_drain(void);
bool uart16550_get(uint8_t *byte);
/* Received bytes raise the interrupt line; those that are there already, by a new edge. It is
 * present.
 */
void uart16550_enable_interrupt(void);
