/* SPDX-License-Identifier: Apache-2.0 */
/* The real local APIC: x2APIC by MSR where the CPU has it, else xAPIC by its page. */
#include "lapic.h"

#include "arch/cpu.h"
#include "arch/lapic.h"
#include "log.h"
#include "msr.h"
#include "regs.h"
#include "space_abi.h"
#include "traps.h"

#define REGISTER_STRIDE 0x10u
#define ICR_BUSY        BIT32(12)
#define ICR_ASSERT      BIT32(14)
#define ICR_OTHERS      (3u << 18)
#define SVR_ENABLED     0x1ffu
#define SVR_RESET       0x0ffu
#define DFR_RESET       0xffffffffu
#define VECTOR_WORDS    8u /* ISR and IRR: 8 registers of 32 vectors */
#define DRAIN_ROUNDS    256u
#define IDLE_SPINS      1000000u

/* xAPIC only. */
static volatile uint8_t *const page = (volatile uint8_t *)SPACE_XAPIC;
static bool is_x2apic;
static bool is_ready;

bool arch_lapic_is_x2apic(void)
{
	return is_x2apic;
}

uint32_t arch_lapic_read(uint32_t offset)
{
	uint64_t value = 0;

	if (!is_x2apic) {
		return *(volatile uint32_t *)(page + offset);
	}
	if (!msr_read_safe(MSR_IA32_X2APIC_BASE + offset / REGISTER_STRIDE, &value)) {
		log_error("lapic: no register %03x in x2APIC mode", offset);
	}
	return low32(value);
}

void arch_lapic_write(uint32_t offset, uint32_t value)
{
	if (!is_x2apic) {
		*(volatile uint32_t *)(page + offset) = value;
		return;
	}
	/* A model may pass on what its guest wrote: a value that the APIC refuses is no reason to
	 * die. */
	if (!msr_write_safe(MSR_IA32_X2APIC_BASE + offset / REGISTER_STRIDE, value)) {
		log_error("lapic: register %03x refuses %08x", offset, value);
	}
}

/* Every doorbell comes this way: no call in it. */
static void send(uint32_t apic_id, uint32_t command)
{
	volatile uint32_t *low = (volatile uint32_t *)(page + LAPIC_ICR_LOW);

	if (is_x2apic) {
		/* WRMSR to an x2APIC register does not wait for earlier stores; the receiver must
		 * see them (SDM 3A, "MSR Access in x2APIC Mode"). */
		__asm__ volatile("mfence\n\tlfence" : : : "memory");
		msr_write(MSR_IA32_X2APIC_ICR, join32(apic_id, command));
		return;
	}
	/* A receiver that never accepts must not take this CPU with it. */
	for (uint32_t i = 0; i < IDLE_SPINS && (*low & ICR_BUSY) != 0; i++) {
		__asm__ volatile("pause");
	}
	*(volatile uint32_t *)(page + LAPIC_ICR_HIGH) = apic_id << 24;
	*low = command;
}

void arch_lapic_send(uint32_t apic_id, uint32_t delivery_mode, uint8_t vector)
{
	send(apic_id, ICR_ASSERT | delivery_mode << 8 | vector);
}

void lapic_send_others(uint32_t delivery_mode)
{
	if (is_ready) {
		send(0, ICR_OTHERS | ICR_ASSERT | delivery_mode << 8);
	}
}

void lapic_drain_one(void)
{
	arch_lapic_write(LAPIC_EOI, 0);
}

bool arch_lapic_has_deadline(void)
{
	return (regs_cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) != 0;
}

static void mask_timer(void)
{
	if (arch_lapic_has_deadline()) {
		/* Disarms it in deadline mode; ignored in the others. */
		msr_write(MSR_IA32_TSC_DEADLINE, 0);
	}
	arch_lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
	arch_lapic_write(LAPIC_TIMER_INITIAL, 0);
	arch_lapic_write(LAPIC_TIMER_DIVIDE, 0);
}

static void mask_all(void)
{
	static const struct {
		uint32_t offset;
		uint32_t from; /* exists where "Max LVT Entry" is at least this */
	} entries[] = {
		{LAPIC_LVT_LINT0, 0},       {LAPIC_LVT_LINT1, 0},   {LAPIC_LVT_ERROR, 3},
		{LAPIC_LVT_PERFORMANCE, 4}, {LAPIC_LVT_THERMAL, 5}, {LAPIC_LVT_CMCI, 6},
	};
	uint32_t max = arch_lapic_read(LAPIC_VERSION) >> 16 & 0xff;

	mask_timer();
	for (uint32_t i = 0; i < ARRAY_COUNT(entries); i++) {
		if (max >= entries[i].from) {
			arch_lapic_write(entries[i].offset, LAPIC_LVT_MASKED);
		}
	}
}

static bool is_any_set(uint32_t first)
{
	uint32_t any = 0;

	for (uint32_t i = 0; i < VECTOR_WORDS; i++) {
		any |= arch_lapic_read(first + i * REGISTER_STRIDE);
	}
	return any != 0;
}

/* Every vector in service is ended, every pending one taken and dropped. Level-triggered lines of
 * real devices may come again at once: hence the bound. */
static void drain(void)
{
	for (uint32_t i = 0; i < DRAIN_ROUNDS && is_any_set(LAPIC_ISR); i++) {
		lapic_drain_one();
	}
	idt_load_drain();
	for (uint32_t i = 0; i < DRAIN_ROUNDS && is_any_set(LAPIC_IRR); i++) {
		__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	}
	idt_load();
}

void arch_lapic_reset(void)
{
	/* A disabled APIC keeps what is pending to itself (SDM 3A, "Local APIC State After It Has
	 * Been Software Disabled"), so it must be on to be emptied. */
	arch_lapic_write(LAPIC_SVR, SVR_ENABLED);
	mask_all();
	arch_lapic_write(LAPIC_TPR, 0);
	drain();
	arch_lapic_write(LAPIC_ESR, 0);
	if (!is_x2apic) {
		arch_lapic_write(LAPIC_LDR, 0);
		arch_lapic_write(LAPIC_DFR, DFR_RESET);
	}
	arch_lapic_write(LAPIC_SVR, SVR_RESET);
}

/* Never switches the APIC off on the way: not every implementation comes back from that. */
static void enable(void)
{
	uint64_t base = msr_read(MSR_IA32_APIC_BASE);

	if ((base & APIC_BASE_EN) == 0) {
		base |= APIC_BASE_EN;
		msr_write(MSR_IA32_APIC_BASE, base);
	}
	if ((regs_cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_X2APIC) != 0) {
		is_x2apic = true;
		if ((base & APIC_BASE_EXTD) == 0) {
			msr_write(MSR_IA32_APIC_BASE, base | APIC_BASE_EXTD);
		}
	}
}

void arch_lapic_init(void)
{
	enable();
	arch_lapic_reset();
	arch_lapic_write(LAPIC_SVR, SVR_ENABLED);
	is_ready = true;
}
