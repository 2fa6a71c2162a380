/* SPDX-License-Identifier: Apache-2.0 */
/* Local APIC. */
#include "apic.h"

#include "cpu.h"

#define CPUID_X2APIC   (1u << 21)
#define BUSY_POLLS_MAX 1000000u

/* Of each vCPU, so that no access asks IA32_APIC_BASE, which exits. */
static bool is_x2apic[CPU_COUNT_MAX];

bool apic_has_x2apic(void)
{
	return (cpu_cpuid(1, 0).ecx & CPUID_X2APIC) != 0;
}

bool apic_is_x2apic(void)
{
	return is_x2apic[cpu_index()];
}

void apic_enter_x2apic(void)
{
	cpu_wrmsr(MSR_APIC_BASE, cpu_rdmsr(MSR_APIC_BASE) | APIC_BASE_EXTD);
	apic_init();
}

static volatile uint32_t *page_register(uint32_t offset)
{
	return (volatile uint32_t *)(uintptr_t)(APIC_PAGE + offset);
}

uint32_t apic_read(uint32_t offset)
{
	if (apic_is_x2apic()) {
		return (uint32_t)(cpu_rdmsr(MSR_X2APIC_BASE + offset / 16) & UINT32_MAX);
	}
	return *page_register(offset);
}

void apic_write(uint32_t offset, uint32_t value)
{
	if (apic_is_x2apic()) {
		cpu_wrmsr(MSR_X2APIC_BASE + offset / 16, value);
	} else {
		*page_register(offset) = value;
	}
}

uint32_t apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return apic_is_x2apic() ? id : id >> 24;
}

void apic_init(void)
{
	is_x2apic[cpu_index()] = (cpu_rdmsr(MSR_APIC_BASE) & APIC_BASE_EXTD) != 0;
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, APIC_SVR_ENABLE | APIC_VECTOR_SPURIOUS);
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

bool apic_is_set(uint32_t first, uint8_t vector)
{
	return (apic_read(first + vector / 32u * 16u) >> vector % 32u & 1u) != 0;
}

void apic_eoi_if_in_service(uint8_t vector)
{
	if (vector != APIC_VECTOR_SPURIOUS && apic_is_set(APIC_ISR, vector)) {
		apic_eoi();
	}
}

static void wait_idle(void)
{
	for (uint32_t i = 0; i < BUSY_POLLS_MAX; i++) {
		if ((*page_register(APIC_ICR_LOW) & APIC_BUSY) == 0) {
			return;
		}
		cpu_pause();
	}
}

void apic_send(uint32_t destination, uint32_t command)
{
	bool was_on;

	if (apic_is_x2apic()) {
		cpu_wrmsr(MSR_X2APIC_BASE + APIC_ICR_LOW / 16,
			  (uint64_t)destination << 32 | command);
		return;
	}
	was_on = cpu_irq_save();
	wait_idle();
	*page_register(APIC_ICR_HIGH) = destination << 24;
	*page_register(APIC_ICR_LOW) = command;
	wait_idle();
	cpu_irq_restore(was_on);
}

void apic_send_vector(uint32_t destination, uint8_t vector)
{
	apic_send(destination, APIC_FIXED | APIC_ASSERT | vector);
}
