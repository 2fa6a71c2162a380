/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the TSC. */
#pragma once

#include <stdint.h>

uint64_t arch_tsc(void);
void arch_clock_init(uint64_t told_hz); /* the loader's word, not 0 */
uint64_t arch_tsc_hz(void);
void arch_delay_us(uint32_t microseconds);
