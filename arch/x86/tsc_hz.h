/* SPDX-License-Identifier: Apache-2.0 */
/* The TSC's frequency out of what CPUID and the loader say. Pure. */
#pragma once

#include "regs.h"

#include <stdint.h>

/* CPUID leaves 0x15 and 0x16 (zeroes where absent); 0: not told. */
uint64_t tsc_hz_of_cpuid(const struct cpuid_regs *tsc, const struct cpuid_regs *frequency);

/* CPUID's value, unless the measurement contradicts it grossly, as it does in emulators. */
uint64_t tsc_choose_hz(uint64_t cpuid_hz, uint64_t measured_hz);
