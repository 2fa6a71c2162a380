/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the machine by the steps that the loader has listed (boot/power_plan.c). */
#include "hv/platform.h"

#include "arch/clock.h"
#include "arch/port_io.h"
#include "bits.h"
#include "boot_abi.h"
#include "uart16550.h"

static const struct boot_info *info;

void platform_power_init(const struct boot_info *boot)
{
	info = boot;
}

void platform_power_off(uint32_t code)
{
	uart16550_drain();
	for (uint32_t i = 0; info != NULL && i < info->power_count; i++) {
		const struct boot_power_step *step = &info->power[i];
		uint64_t value = step->value + min_u64(code, step->code_max);

		if (step->is_wide != 0) {
			value |= arch_in16(step->port) & step->kept;
			arch_out16(step->port, (uint16_t)value);
		} else {
			arch_out8(step->port, (uint8_t)value);
		}
		arch_delay_us(step->delay_us);
	}
}
