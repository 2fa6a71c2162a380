/* SPDX-License-Identifier: Apache-2.0 */
/* Register face of the I/O APIC model. */
/* Links: @models */
#include "host/model_bench.h"
#include "models.h"
#include "tap.h"
#include "vioapic.h"

static uint32_t get(uint32_t reg)
{
	bench_write(MODEL_IOAPIC, 0, 0x00, 4, reg);
	return (uint32_t)bench_read(MODEL_IOAPIC, 0, 0x10, 4);
}

static void set(uint32_t reg, uint32_t value)
{
	bench_write(MODEL_IOAPIC, 0, 0x00, 4, reg);
	bench_write(MODEL_IOAPIC, 0, 0x10, 4, value);
}

static void test_registers(void)
{
	bench_start(1);
	TAP_EQUAL(get(1), 0x00170020);
	set(0, 0xffffffff);
	TAP_EQUAL(get(0), 0x0f000000);
	TAP_EQUAL(get(2), 0x0f000000);
	set(1, 0);
	TAP_EQUAL(get(1), 0x00170020);
	TAP_EQUAL(get(0x10), 0x00010000);
	TAP_EQUAL(bench_read(MODEL_IOAPIC, 0, 0x00, 4), 0x10);
	TAP_EQUAL(get(0x40), 0); /* one past the last pin */
	set(0x40, 0);
	set(0x0f, 0xffffffff);
	TAP_EQUAL(get(0x0f), 0);
	TAP_EQUAL(get(0xff), 0);
	TAP_EQUAL(bench_read(MODEL_IOAPIC, 0, 0xffc, 4), 0);
}

static void test_entries(void)
{
	bench_start(4);
	set(0x10 + 2 * 23 + 1, 0x03000000);
	set(0x10 + 2 * 23, 0x31);
	TAP_EQUAL(get(0x10 + 2 * 23 + 1), 0x03000000);
	TAP_EQUAL(get(0x10 + 2 * 23), 0x31);
	vioapic_set_pin(&bench.vm, 23, true);
	TAP_EQUAL(bench.interrupted[0x31], 8);
}

static void test_eoi(void)
{
	bench_start(1);
	set(0x10 + 2 * 5, 0x8031); /* level */
	vioapic_set_pin(&bench.vm, 5, true);
	TAP_EQUAL(bench.interrupt_count, 1);
	bench_write(MODEL_IOAPIC, 0, 0x40, 4, 0x30);
	TAP_EQUAL(bench.interrupt_count, 1);
	bench_write(MODEL_IOAPIC, 0, 0x40, 4, 0x31);
	TAP_EQUAL(bench.interrupt_count, 2);
	vioapic_set_pin(&bench.vm, 5, false);
	bench_write(MODEL_IOAPIC, 0, 0x40, 4, 0x31);
	TAP_EQUAL(bench.interrupt_count, 2);
}

static const struct tap_case cases[] = {
	{"registers", test_registers},
	{"redirection entries", test_entries},
	{"EOI register", test_eoi},
};
TAP_MAIN(cases)
