/* SPDX-License-Identifier: Apache-2.0 */
/* Starting other CPUs: INIT, SIPI, SIPI (SDM 3A, "MP Initialization Protocol Algorithm"). */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/lapic.h"
#include "boot_abi.h"
#include "space_abi.h"

#include <stdatomic.h>

#define INIT_DELAY_US 10000u
#define SIPI_DELAY_US 200u
#define POLL_US       100u
#define TIMEOUT_US    1000000u

static bool wait_online(struct cpu *cpu, uint32_t timeout_us)
{
	for (uint32_t waited = 0; waited < timeout_us; waited += POLL_US) {
		if (atomic_load_explicit(&cpu->is_online, memory_order_acquire)) {
			return true;
		}
		arch_delay_us(POLL_US);
	}
	return atomic_load_explicit(&cpu->is_online, memory_order_acquire);
}

enum hv_status arch_cpu_start(struct cpu *cpu, struct boot_info *boot,
			      void (*main)(struct cpu *cpu))
{
	uint8_t vector = (uint8_t)(boot->trampoline >> PAGE_SHIFT);

	boot->cpu_start = (struct boot_cpu_start){
		.stack = space_stack_top(cpu->index),
		.entry = (uint64_t)main,
		.argument = (uint64_t)cpu,
	};
	arch_lapic_send(cpu->apic_id, LAPIC_DELIVERY_INIT, 0);
	arch_delay_us(INIT_DELAY_US);
	arch_lapic_send(cpu->apic_id, LAPIC_DELIVERY_STARTUP, vector);
	if (!wait_online(cpu, SIPI_DELAY_US)) {
		/* Ignored by a CPU that has started. */
		arch_lapic_send(cpu->apic_id, LAPIC_DELIVERY_STARTUP, vector);
	}
	if (!wait_online(cpu, TIMEOUT_US)) {
		/* Back to waiting, so that it cannot come late, when nobody expects it. */
		arch_lapic_send(cpu->apic_id, LAPIC_DELIVERY_INIT, 0);
		arch_delay_us(INIT_DELAY_US);
		return HV_NOT_FOUND;
	}
	return HV_OK;
}
