/* SPDX-License-Identifier: Apache-2.0 */
/* arch/lapic.h: registers are memory, sent interrupts are recorded. */
#include "fake.h"

#include "check.h"

#include <string.h>

struct fake_lapic fake_lapic;

void fake_lapic_reset(void)
{
	memset(&fake_lapic, 0, sizeof(fake_lapic));
	arch_lapic_reset();
	fake_lapic.reset_count = 0;
}

void arch_lapic_init(void)
{
	fake_lapic.reg[LAPIC_SVR / 16] = 0x1ff;
}

bool arch_lapic_is_x2apic(void)
{
	return fake_lapic.is_x2apic;
}

bool arch_lapic_has_deadline(void)
{
	return fake_lapic.has_deadline;
}

uint32_t arch_lapic_read(uint32_t offset)
{
	CHECK(offset < 0x400 && is_aligned(offset, 16));
	return fake_lapic.reg[offset / 16];
}

void arch_lapic_write(uint32_t offset, uint32_t value)
{
	CHECK(offset < 0x400 && is_aligned(offset, 16));
	fake_lapic.reg[offset / 16] = value;
	fake_lapic.write_count++;
}

void arch_lapic_send(uint32_t apic_id, uint32_t delivery_mode, uint8_t vector)
{
	if (fake_lapic.ipi_count < FAKE_IPI_MAX) {
		fake_lapic.ipi[fake_lapic.ipi_count] =
			(struct fake_ipi){apic_id, delivery_mode, vector};
	}
	fake_lapic.ipi_count++;
}

void arch_lapic_reset(void)
{
	memset(fake_lapic.reg, 0, sizeof(fake_lapic.reg));
	fake_lapic.reg[LAPIC_SVR / 16] = 0xff;
	fake_lapic.reg[LAPIC_DFR / 16] = UINT32_MAX;
	fake_lapic.reg[LAPIC_VERSION / 16] = 0x00050014;
	for (uint32_t offset = LAPIC_LVT_TIMER; offset <= LAPIC_LVT_ERROR; offset += 16) {
		fake_lapic.reg[offset / 16] = LAPIC_LVT_MASKED;
	}
	fake_lapic.reset_count++;
}
