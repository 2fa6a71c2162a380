/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the TSC. */
#pragma once

#include <stdint.h>

uint64_t arch_tsc(void);
void arch_clock_init(uint64_t told_hz); /* the loader's word, not 0 */
uint64_t arch_tsc_hz(void);

#define NANOSECONDS UINT64_C(1000000000) /* per second */

static inline uint64_t arch_tsc_to_ns(uint64_t tsc)
{
	uint64_t hz = arch_tsc_hz();

	return tsc / hz * NANOSECONDS + tsc % hz * NANOSECONDS / hz;
}
void arch_delay_us(uint32_t microseconds);
