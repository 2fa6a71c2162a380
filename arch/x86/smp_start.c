/* SPDX-License-Identifier: Apache-2.0 */
/* Starting other CPUs: INIT, SIPI, SIPI (SDM 3A, "MP Initialization Protocol Algorithm"). */
#include "smp_start.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/lapic.h"
#include "arch/mmu.h"
#include "check.h"
#include "cpu.h"
#include "paging.h"
#include "space_abi.h"
#include "str.h"

#include <stdatomic.h>

#define INIT_DELAY_US 10000u
#define SIPI_DELAY_US 200u
#define POLL_US       100u
#define TIMEOUT_US    1000000u

/* Where a started CPU goes; written before its SIPI, one CPU at a time. */
static void (*start_main)(struct cpu *cpu);

void smp_start_entered(struct cpu *cpu)
{
	void (*main)(struct cpu *) = start_main;

	arch_cpu_init(cpu);
	main(cpu);
	CHECK(false);
	arch_cpu_halt();
}

static void copy_trampoline(struct cpu *cpu, hpa_t page)
{
	struct start_block block = {
		.root = paging_start_root().value,
		.stack = space_stack_top(cpu->index),
		.cpu = (uint64_t)cpu,
		.entry = (uint64_t)smp_start_entered,
	};
	uint8_t *copy = arch_window_map(0, page);
	size_t size = (size_t)(ap_trampoline_end - ap_trampoline);

	CHECK(size <= PAGE_SIZE / 2);
	memcpy(copy, ap_trampoline, size);
	memcpy(copy + (ap_trampoline_block - ap_trampoline), &block, sizeof(block));
	arch_window_unmap(0);
}

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

enum hv_status arch_cpu_start(struct cpu *cpu, hpa_t trampoline, void (*main)(struct cpu *cpu))
{
	uint8_t vector = (uint8_t)(trampoline.value >> PAGE_SHIFT);

	start_main = main;
	copy_trampoline(cpu, trampoline);
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
