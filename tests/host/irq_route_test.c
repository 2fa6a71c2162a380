/* SPDX-License-Identifier: Apache-2.0 */
/* Pins, redirection entries and destinations of the guest's I/O APIC. */
/* Links: @models */
#include "host/model_bench.h"
#include "hv/irq_route.h"
#include "models.h"
#include "tap.h"
#include "vioapic.h"

#define PIN    7u
#define VECTOR 0x51u

static uint64_t entry_for(uint32_t destination, uint64_t bits)
{
	return (uint64_t)destination << 56 | bits | VECTOR;
}

static void test_edge(void)
{
	bench_start(3);
	vioapic_set_pin(&bench.vm, PIN, true); /* masked after reset */
	vioapic_set_pin(&bench.vm, PIN, false);
	bench_route(PIN, entry_for(2, 0));
	TAP_EQUAL(bench.interrupt_count, 0); /* the edge is gone with the line */
	vioapic_set_pin(&bench.vm, PIN, true);
	vioapic_set_pin(&bench.vm, PIN, true); /* no edge */
	TAP_EQUAL(bench.interrupt_count, 1);
	TAP_EQUAL(bench.interrupted[VECTOR], 4);
	bench_route(PIN, entry_for(2, VIOAPIC_ENTRY_MASKED));
	vioapic_set_pin(&bench.vm, PIN, false);
	vioapic_set_pin(&bench.vm, PIN, true);
	TAP_EQUAL(bench.interrupt_count, 1);
	bench_route(PIN, entry_for(1, 0)); /* line still high: delivered now, once */
	TAP_EQUAL(bench.interrupt_count, 2);
	TAP_EQUAL(bench.interrupted[VECTOR], 6);
	bench_route(PIN, entry_for(1, 0));
	TAP_EQUAL(bench.interrupt_count, 2);
}

static void test_level(void)
{
	bench_start(2);
	bench_route(PIN, entry_for(0, VIOAPIC_ENTRY_LEVEL));
	vioapic_set_pin(&bench.vm, PIN, true);
	TAP_EQUAL(bench.interrupt_count, 1);
	bench_route(PIN, entry_for(0, VIOAPIC_ENTRY_LEVEL));
	TAP_EQUAL(bench.interrupt_count, 2);
	vioapic_set_pin(&bench.vm, PIN, false);
	bench_route(PIN, entry_for(0, VIOAPIC_ENTRY_LEVEL));
	TAP_EQUAL(bench.interrupt_count, 2);
}

static void test_entry_bits(void)
{
	bench_start(1);
	TAP_EQUAL(bench_entry(PIN), VIOAPIC_ENTRY_MASKED);
	bench_route(PIN, ~UINT64_C(0));
	TAP_EQUAL(bench_entry(PIN), UINT64_C(0xff0000000001afff));
	vioapic_reset(&bench.vm);
	TAP_EQUAL(bench_entry(PIN), VIOAPIC_ENTRY_MASKED);
}

static void test_delivery_modes(void)
{
	bench_start(4);
	irq_route_deliver(&bench.vm, 0xff, false, 0, VECTOR);
	TAP_EQUAL(bench.interrupted[VECTOR], 0xf);
	bench_clear();
	irq_route_deliver(&bench.vm, 0xff, false, 1, VECTOR); /* lowest priority: one of them */
	TAP_EQUAL(bench.interrupt_count, 1);
	bench_clear();
	irq_route_deliver(&bench.vm, 3, false, 4, 2);
	TAP_EQUAL(bench.requested[3], VCPU_REQUEST_NMI);
	TAP_EQUAL(bench.request_count, 1);
	bench_clear();
	irq_route_deliver(&bench.vm, 3, false, 2, VECTOR); /* SMI */
	irq_route_deliver(&bench.vm, 3, false, 5, VECTOR); /* INIT */
	irq_route_deliver(&bench.vm, 3, false, 7, VECTOR); /* ExtINT */
	irq_route_deliver(&bench.vm, 4, false, 0, VECTOR); /* nobody */
	TAP_EQUAL(bench.interrupt_count + bench.request_count, 0);
}

static void test_targets_xapic(void)
{
	bench_start(8);
	for (uint32_t i = 0; i < 8; i++) {
		bench.vcpus[i].logical_id = 1u << (24 + i);
	}
	TAP_EQUAL(irq_route_targets(&bench.vm, 5, false, false), 1 << 5);
	TAP_EQUAL(irq_route_targets(&bench.vm, 8, false, false), 0);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0xff, false, false), 0xff);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x42, true, false), 0x42); /* flat model */
	TAP_EQUAL(irq_route_targets(&bench.vm, 0, true, false), 0);
	for (uint32_t i = 0; i < 8; i++) {
		bench.vcpus[i].logical_format = 0x0fffffff; /* cluster model, four to a cluster */
		bench.vcpus[i].logical_id = (i / 4) << 28 | 1u << (24 + i % 4);
	}
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x05, true, false), 0x05);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x15, true, false), 0x50);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0xf2, true, false), 0x22); /* every cluster */
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x25, true, false), 0);
}

static void test_targets_x2apic(void)
{
	bench_start(40);
	TAP_EQUAL(irq_route_targets(&bench.vm, 39, false, true), UINT64_C(1) << 39);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0xff, false, true), 0);
	TAP_EQUAL(irq_route_targets(&bench.vm, UINT32_MAX, false, true), (UINT64_C(1) << 40) - 1);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x00010003, true, true), UINT64_C(3) << 16);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x0002ffff, true, true), UINT64_C(0xff) << 32);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x0003ffff, true, true), 0);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x00040001, true, true), 0); /* beyond CPU_MAX */
	for (uint32_t i = 0; i < 40; i++) {
		bench.vcpus[i].arch.is_x2apic = true;
	}
	/* From the I/O APIC: 8 bits, so cluster 0. */
	TAP_EQUAL(irq_route_targets(&bench.vm, 0x81, true, false), 0x81);
	bench_start(64);
	TAP_EQUAL(irq_route_targets(&bench.vm, 0xff, false, false), ~UINT64_C(0));
}

static const struct tap_case cases[] = {
	{"edge pins", test_edge},
	{"level pins", test_level},
	{"entry bits", test_entry_bits},
	{"delivery modes", test_delivery_modes},
	{"xAPIC destinations", test_targets_xapic},
	{"x2APIC destinations", test_targets_x2apic},
};
TAP_MAIN(cases)
