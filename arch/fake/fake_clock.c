/* SPDX-License-Identifier: Apache-2.0 */
/* arch/clock.h: time moves when the test says so. */
#include "fake.h"

#include "arch/clock.h"

struct fake_clock fake_clock;

void fake_clock_reset(void)
{
	fake_clock = (struct fake_clock){.tsc = 1000, .tsc_hz = UINT64_C(1000000000)};
}

uint64_t arch_tsc(void)
{
	uint64_t now = fake_clock.tsc;

	fake_clock.tsc += fake_clock.tsc_step;
	return now;
}

void arch_clock_init(uint64_t told_hz)
{
	if (told_hz != 0) {
		fake_clock.tsc_hz = told_hz;
	}
}

uint64_t arch_tsc_hz(void)
{
	return fake_clock.tsc_hz;
}

void arch_delay_us(uint32_t microseconds)
{
	fake_clock.tsc += microseconds * (fake_clock.tsc_hz / 1000000);
}
