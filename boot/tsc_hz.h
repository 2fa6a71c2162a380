/* SPDX-License-Identifier: Apache-2.0 */
/* The TSC's frequency out of what CPUID says and a measurement. Pure. */
#pragma once

#include "cpuid_abi.h"

#include <stdint.h>

#define CPUID_TSC       0x15u
#define CPUID_FREQUENCY 0x16u

/* CPUID leaves 0x15 and 0x16 (zeroes where absent); 0: not told. */
uint64_t tsc_hz_of_cpuid(const struct cpuid_regs *tsc, const struct cpuid_regs *frequency);

/* CPUID's value, unless the measurement contradicts it grossly, as it does in emulators. */
uint64_t tsc_choose_hz(uint64_t cpuid_hz, uint64_t measured_hz);
