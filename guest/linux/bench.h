/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the bench's init share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A byte written there is logged with the TSC and the exits so far. */
#define MARK_PORT   0xe9
#define MARK_INIT   1
#define MARK_FIRST  2 /* of a measurement; the following ones count up */
#define MARK_SECOND 3
#define MARK_THIRD  4
#define MARK_FOURTH 5
#define MARK_FIFTH  6
#define MARK_SIXTH  7

void mark(uint8_t number);
bool load_module(const char *path);

/* `bh create` of prepared kernels, in the management partition. */
void measure_life(void);
/* Output through the virtio console, as text and raw, then a stream through the network to the one
 * that receives. */
void measure_io(bool is_sender);
