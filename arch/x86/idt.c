/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt gates, the same for every CPU. */
#include "regs.h"
#include "traps.h"

#define GATE_COUNT        256u
#define FIRST_APIC_VECTOR 16u /* SDM 3A, "Valid Interrupt Vectors" */
#define GATE_INTERRUPT    UINT64_C(0xe)

struct gate {
	uint64_t low;
	uint64_t high;
};

/*
 * Host mode runs with IF = 0, so `exceptions` ends at vector 31. Only arch_lapic_reset() lets
 * external interrupts in, under `drain`: there vectors from 16 up are interrupts, which push no
 * error code. A guest may have made any of them pending, the numbers of exceptions included.
 */
static struct {
	_Alignas(16) struct gate exceptions[EXCEPTION_COUNT];
	struct gate drain[GATE_COUNT];
} idt;

static struct gate make(uint64_t handler, uint32_t ist)
{
	/* SDM 3A, "64-Bit Mode IDT". */
	return (struct gate){
		.low = (handler & 0xffff) | (uint64_t)SELECTOR_CODE << 16 | (uint64_t)ist << 32 |
		       GATE_INTERRUPT << 40 | BIT(47) | (handler >> 16 & 0xffff) << 48,
		.high = handler >> 32,
	};
}

static const uint8_t ists[EXCEPTION_COUNT] = {
	[EXCEPTION_NMI] = IST_NMI, [EXCEPTION_DF] = IST_DF, [EXCEPTION_MC] = IST_MC};

void idt_init(void)
{
	for (uint32_t vector = 0; vector < GATE_COUNT; vector++) {
		if (vector < EXCEPTION_COUNT) {
			uint64_t stub = (uint64_t)traps_stubs + vector * TRAPS_STUB_SIZE;

			idt.exceptions[vector] = make(stub, ists[vector]);
		}
		idt.drain[vector] = vector < FIRST_APIC_VECTOR
					    ? idt.exceptions[vector]
					    : make((uint64_t)traps_drain, IST_NONE);
	}
}

static void load(const struct gate *gates, uint32_t size)
{
	struct table_register idtr = {.limit = (uint16_t)(size - 1), .base = (uint64_t)gates};

	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

void idt_load(void)
{
	load(idt.exceptions, sizeof(idt.exceptions));
}

void idt_load_drain(void)
{
	load(idt.drain, sizeof(idt.drain));
}
