/* SPDX-License-Identifier: Apache-2.0 */
/* The trace: what is recorded, rings that wrap, pages that come back, every argument wrong. */
/* Links: tests/host/manage_bench.c hv/manage.c hv/manage_event.c hv/manage_create.c hv/vm_create.c hv/vm_life.c hv/vm_load.c hv/vcpu.c hv/trace.c hv/cpus.c hv/exit.c hv/hypercall.c hv/io_bus.c hv/console.c hv/stage2.c hv/owner.c hv/page_alloc.c hv/guest_mem.c hv/lib/fmt.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_io.c arch/fake/fake_pte.c */
#include "host/manage_bench.h"

#include <pthread.h>

#define RECORDS 2046u /* of a full ring, those that cannot be just overwritten */

static const struct manage_trace *record(uint32_t i)
{
	return (const struct manage_trace *)data() + i;
}

/* Records read from a position on; the first is record(0). */
static uint32_t read_some(uint32_t cpu, uint64_t position, uint32_t count)
{
	TAP_EQUAL(order(MANAGE_TRACE_READ, cpu, position, count * sizeof(struct manage_trace)),
		  MANAGE_OK);
	return slot()->data_used / (uint32_t)sizeof(struct manage_trace);
}

static void records_in_order(void)
{
	uint32_t id;
	struct vcpu *vcpu;

	start();
	id = made();
	vcpu = vm_get(id)->vcpus[0];
	hv_trace(EXIT_COUNT_IO, 1, 2); /* off: nowhere */
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_OK);
	fake_clock.tsc = 5000;
	fake_cpus.current = cpus_get(1);
	vcpu->arch.pending_event = UINT64_C(0x7780000b0d);
	hv_trace(EXIT_COUNT_IO, UINT64_C(0x1234567890), 4000);
	vcpu_interrupt(vcpu, 0x51);
	vcpu_interrupt(vcpu, 15); /* is not sent */
	fake_cpus.current = cpus_get(0);
	TAP_EQUAL(read_some(1, 0, 9), 2);
	TAP_EQUAL(slot()->result, 2);
	TAP_EQUAL(record(0)->start, 4000);
	TAP_EQUAL(record(0)->end, 5000);
	TAP_EQUAL(record(0)->info, UINT64_C(0x1234567890));
	TAP_EQUAL(record(0)->event, 0x80000b0d);
	TAP_EQUAL(record(0)->reason, EXIT_COUNT_IO);
	TAP_EQUAL(record(0)->id, id);
	TAP_EQUAL(record(0)->vcpu, 0);
	TAP_EQUAL(record(1)->reason, MANAGE_TRACE_INTERRUPT);
	TAP_EQUAL(record(1)->info, (uint64_t)id << 16 | 0x51);
	TAP_EQUAL(record(1)->start, 0);
	TAP_EQUAL(record(1)->event, 0);
	TAP_EQUAL(read_some(1, 1, 9), 1);
	TAP_EQUAL(record(0)->reason, MANAGE_TRACE_INTERRUPT);
	TAP_EQUAL(read_some(2, 0, 9), 0); /* of a CPU without a vCPU */
	TAP_EQUAL(read_some(3, 0, 9), 0); /* that is dead */
}

static void commands_and_requests(void)
{
	uint32_t id;

	start();
	id = made();
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, 8), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_STOP, 0, 0, 0), MANAGE_DENIED);
	TAP_EQUAL(order(0x77777, 0x88888888, 0, 0), MANAGE_UNKNOWN);
	turn(1, power_off, 1);
	TAP_EQUAL(read_some(0, 0, 9), 4);
	TAP_EQUAL(record(0)->info, MANAGE_TRACE << 16 | MANAGE_OK);
	TAP_EQUAL(record(1)->info, (uint64_t)id << 32 | MANAGE_START << 16 | MANAGE_OK);
	TAP_EQUAL(record(2)->info, MANAGE_STOP << 16 | MANAGE_DENIED);
	TAP_EQUAL(record(3)->info, UINT64_C(0x8888888877770002));
	TAP_EQUAL(record(3)->reason, MANAGE_TRACE_COMMAND);
	TAP_EQUAL(record(3)->id, 0);
	TAP_EQUAL(read_some(1, 0, 9), 2);
	TAP_EQUAL(record(0)->reason, MANAGE_TRACE_REQUEST);
	TAP_EQUAL(record(0)->info, VCPU_REQUEST_START);
	TAP_EQUAL(record(1)->info, VCPU_REQUEST_STOP);
	TAP_EQUAL(record(1)->id, id);
	TAP_EQUAL(order(MANAGE_DESTROY, id, 0, 0), MANAGE_OK);
	turn(1, NULL, 0);
	TAP_EQUAL(read_some(1, 2, 9), 1);
	TAP_EQUAL(record(0)->info, VCPU_REQUEST_LEAVE);
}

static void rings_wrap(void)
{
	uint64_t position = 0;
	uint32_t seen = 0;

	start();
	(void)made();
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_OK);
	fake_cpus.current = cpus_get(1);
	for (uint32_t i = 0; i < 10000; i++) {
		hv_trace(EXIT_COUNT_CPUID, i, 1);
	}
	fake_cpus.current = cpus_get(0);
	TAP_EQUAL(read_some(1, 0, 5000), RECORDS); /* the others are lost */
	TAP_EQUAL(slot()->result, 10000);
	for (uint32_t i = 0; i < RECORDS; i++) {
		seen += record(i)->info == 10000 - RECORDS + i;
	}
	TAP_EQUAL(seen, RECORDS);
	TAP_EQUAL(read_some(1, 9000, 100), 100); /* a part at a time */
	TAP_EQUAL(slot()->result, 9100);
	TAP_EQUAL(record(99)->info, 9099);
	TAP_EQUAL(read_some(1, 10000, 100), 0);
	TAP_EQUAL(slot()->result, 10000);
	TAP_EQUAL(read_some(1, UINT64_MAX, 100), 0); /* where it ends */
	TAP_EQUAL(slot()->result, 10000);
	TAP_EQUAL(order(MANAGE_TRACE_READ, 1, 9990, 100), MANAGE_OK); /* three, and a rest */
	TAP_EQUAL(slot()->data_used, 96);
	TAP_EQUAL(slot()->result, 9993);
	TAP_EQUAL(order(MANAGE_TRACE_READ, 1, 9990, 31), MANAGE_OK);
	TAP_EQUAL(slot()->data_used, 0);
	TAP_EQUAL(slot()->result, 9990);
	while (position < 10000) { /* nothing twice, nothing left out */
		seen -= read_some(1, position, 333);
		position = slot()->result;
	}
	TAP_EQUAL(seen, 0);
}

static void *write_many(void *unused)
{
	(void)unused;
	for (uint32_t i = 1; i <= 3000000; i++) {
		hv_trace(EXIT_COUNT_CPUID, i, i);
	}
	return NULL;
}

/* Another CPU writes: what is read is whole and in its order, and the rest is known to be lost. */
static void reads_while_written(void)
{
	struct manage_trace records[16];
	uint64_t position = 0;
	uint64_t lost = 0;
	uint64_t good = 0;
	uint64_t bad = 0;
	pthread_t writer;

	start();
	(void)made();
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_OK);
	fake_cpus.current = cpus_get(1);
	TAP_EQUAL(pthread_create(&writer, NULL, write_many, NULL), 0);
	while (position < 3000000) {
		uint64_t before = position;
		uint64_t last = before;
		uint32_t count = trace_read(1, &position, records, sizeof(records)) / 32;

		lost += position - before - count;
		for (uint32_t i = 0; i < count; i++) {
			uint64_t info = records[i].info; /* its position + 1 */
			bool is_whole = records[i].start == info && info > last && info <= position;

			last = info;
			good += is_whole;
			bad += !is_whole;
		}
	}
	TAP_EQUAL(pthread_join(writer, NULL), 0);
	TAP_EQUAL(bad, 0);
	TAP_EQUAL(good + lost, 3000000);
	TAP_CHECK(good > 1000);
	fake_cpus.current = cpus_get(0);
}

static void pages_come_back(void)
{
	static void *pages[2200];
	uint32_t count = 0;
	uint64_t used;

	start();
	(void)made();
	used = info()->pool_used;
	for (uint32_t i = 0; i < 100; i++) {
		TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_OK);
		TAP_EQUAL(info()->pool_used, used + UINT64_C(4) * 65536);
		TAP_EQUAL(read_some(0, 0, 9), 2); /* itself, and the look at the pool */
		TAP_EQUAL(order(MANAGE_TRACE, 0, 0, 0), MANAGE_OK);
		TAP_EQUAL(info()->pool_used, used);
	}
	while ((pages[count] = page_alloc(1)) != NULL) {
		count++;
	}
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_NO_MEMORY);
	TAP_EQUAL(order(MANAGE_TRACE, 0, 0, 0), MANAGE_BUSY); /* it stayed off */
	while (count > 0) {
		page_free(pages[--count], 1);
	}
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_OK);
}

static void bad_arguments(void)
{
	start();
	(void)made();
	TAP_EQUAL(order(MANAGE_TRACE_READ, 0, 0, 320), MANAGE_NO_CPU); /* off */
	TAP_EQUAL(order(MANAGE_TRACE, 0, 0, 0), MANAGE_BUSY);
	TAP_EQUAL(order(MANAGE_TRACE, 0, 2, 0), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_TRACE, 0, UINT64_MAX, 0), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_TRACE, 1, 1, 0), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 8), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_TRACE, 0, 1, 0), MANAGE_BUSY);
	TAP_EQUAL(order(MANAGE_TRACE_READ, 4, 0, 320), MANAGE_NO_CPU);
	TAP_EQUAL(order(MANAGE_TRACE_READ, UINT32_MAX, 0, 320), MANAGE_NO_CPU);
	TAP_EQUAL(order(MANAGE_TRACE_READ, 0, 0, (uint32_t)MANAGE_DATA_SIZE - 103), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_TRACE_READ, 0, 0, 0), MANAGE_OK);
	TAP_EQUAL(slot()->data_used, 0);
	TAP_EQUAL(slot()->result, 0);
	TAP_EQUAL(read_some(0, 0, 100), 6); /* each command, refused or not, since it began */
}

static const struct tap_case cases[] = {
	{"records in order", records_in_order},
	{"commands and requests", commands_and_requests},
	{"rings wrap", rings_wrap},
	{"reads while written", reads_while_written},
	{"pages come back", pages_come_back},
	{"bad arguments", bad_arguments},
};

TAP_MAIN(cases)
