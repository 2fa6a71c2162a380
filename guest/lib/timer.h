/* SPDX-License-Identifier: Apache-2.0 */
/* Time by TSC, and bounded waiting. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* kHz; told by CPUID leaf 0x40000010, else a guess that is good enough to bound a wait. */
uint64_t timer_tsc_khz(void);
uint64_t timer_apic_khz(void); /* 0: not told */

void timer_delay_us(uint64_t microseconds); /* spins with PAUSE */

/* Spins until *word >= at_least; false: not within the time. */
bool timer_wait_for(const _Atomic uint32_t *word, uint32_t at_least, uint64_t microseconds);

/* Spins until trap_count_of(cpu, vector) >= at_least. */
bool timer_wait_count(uint32_t cpu, uint8_t vector, uint32_t at_least, uint64_t microseconds);
