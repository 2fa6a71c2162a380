/* SPDX-License-Identifier: Apache-2.0 */
/* The paravirtual clock's arithmetic. */
#pragma once

#include <stdint.h>

/* nanoseconds = (tsc << shift) * multiplier >> 32; a negative shift is to the right. */
struct guest_clock_scale {
	uint32_t multiplier;
	int8_t shift;
};

/* tsc_hz is not 0. */
struct guest_clock_scale guest_clock_scale(uint64_t tsc_hz);
