/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC model: both register faces, ICR, IA32_APIC_BASE. */
/* Links: @models */
#include "fake.h"
#include "host/model_bench.h"
#include "models.h"
#include "tap.h"
#include "vlapic.h"

#define BASE     UINT64_C(0xfee00000)
#define ENABLE   0x800u
#define EXTENDED 0x400u
#define BSP      0x100u

static uint32_t get(uint32_t index, uint32_t offset)
{
	return (uint32_t)bench_read(MODEL_LAPIC, index, offset, 4);
}

static void set(uint32_t index, uint32_t offset, uint32_t value)
{
	bench_write(MODEL_LAPIC, index, offset, 4, value);
}

static void start_x2apic(uint32_t count)
{
	bench_start(count);
	fake_lapic.is_x2apic = true;
	for (uint32_t i = 0; i < count; i++) {
		TAP_CHECK(vlapic_write(&bench.vcpus[i], LAPIC_BASE_MSR, BASE | ENABLE | EXTENDED));
	}
}

static bool is_readable(uint32_t offset)
{
	uint64_t value;

	return vlapic_read(&bench.vcpus[0], offset, &value);
}

static uint64_t msr(uint32_t index, uint32_t offset)
{
	uint64_t value = 0xbad;

	TAP_CHECK(vlapic_read(&bench.vcpus[index], offset, &value));
	return value;
}

static void test_identity(void)
{
	bench_start(3);
	TAP_EQUAL(get(2, LAPIC_ID), 2u << 24);
	set(2, LAPIC_ID, 0x07000000);
	TAP_EQUAL(get(2, LAPIC_ID), 2u << 24);
	TAP_EQUAL(get(0, LAPIC_VERSION), 0x00050014);
	TAP_EQUAL(bench_read(MODEL_LAPIC, 2, LAPIC_ID + 3, 1), 2);
	TAP_EQUAL(get(2, LAPIC_ID + 4), 0);
	set(1, LAPIC_LDR, 0x42ffffff);
	TAP_EQUAL(get(1, LAPIC_LDR), 0x42000000);
	TAP_EQUAL(bench.vcpus[1].logical_id, 0x42000000);
	TAP_EQUAL(get(1, LAPIC_DFR), 0xffffffff);
	set(1, LAPIC_DFR, 0);
	TAP_EQUAL(get(1, LAPIC_DFR), 0x0fffffff);
	TAP_EQUAL(bench.vcpus[1].logical_format, 0x0fffffff);
	TAP_EQUAL(fake_lapic.write_count, 0); /* the real ones are not touched */
}

static void test_real_registers(void)
{
	bench_start(1);
	set(0, LAPIC_SVR, 0x31ff);
	TAP_EQUAL(fake_lapic.reg[LAPIC_SVR / 16], 0x1ff);
	set(0, LAPIC_TPR, 0xffffff20);
	TAP_EQUAL(fake_lapic.reg[LAPIC_TPR / 16], 0x20);
	set(0, LAPIC_TIMER_INITIAL, 0xfffffff0);
	TAP_EQUAL(fake_lapic.reg[LAPIC_TIMER_INITIAL / 16], 0xfffffff0);
	set(0, LAPIC_TIMER_DIVIDE, 0xffffffff);
	TAP_EQUAL(fake_lapic.reg[LAPIC_TIMER_DIVIDE / 16], 0x0b);
	set(0, LAPIC_LVT_TIMER, 0xffffffff); /* no TSC-deadline here */
	TAP_EQUAL(fake_lapic.reg[LAPIC_LVT_TIMER / 16], 0x300ff);
	set(0, LAPIC_LVT_ERROR, 0xffffffff); /* its delivery mode is always fixed */
	TAP_EQUAL(fake_lapic.reg[LAPIC_LVT_ERROR / 16], 0x100ff);
	fake_lapic.reg[(LAPIC_IRR + 0x70) / 16] = 0x1234;
	TAP_EQUAL(get(0, LAPIC_IRR + 0x70), 0x1234);
	set(0, LAPIC_IRR + 0x70, 0); /* read-only */
	TAP_EQUAL(get(0, LAPIC_IRR + 0x70), 0x1234);
	fake_lapic.reg[LAPIC_EOI / 16] = 7;
	set(0, LAPIC_EOI, 0x55); /* in x2APIC mode only 0 may reach the real one */
	TAP_EQUAL(fake_lapic.reg[LAPIC_EOI / 16], 0);
}

static void test_deadline(void)
{
	bench_start(1);
	fake_lapic.has_deadline = true;
	vlapic_reset(&bench.vcpus[0], false);
	set(0, LAPIC_LVT_TIMER, 0x400ec);
	TAP_EQUAL(fake_lapic.reg[LAPIC_LVT_TIMER / 16], 0x400ec);
}

/* A pin that could raise SMI, INIT, NMI or ExtINT exists in software only. */
static void test_soft_lvts(void)
{
	static const uint32_t offsets[] = {LAPIC_LVT_THERMAL, LAPIC_LVT_PERFORMANCE,
					   LAPIC_LVT_LINT0, LAPIC_LVT_LINT1};

	bench_start(1);
	for (uint32_t i = 0; i < 4; i++) {
		TAP_EQUAL(get(0, offsets[i]), LAPIC_LVT_MASKED);
		set(0, offsets[i], 0x400);
		TAP_EQUAL(get(0, offsets[i]), 0x10400); /* software disabled: stays masked */
		set(0, LAPIC_SVR, 0x1ff);
		set(0, offsets[i], 0x400);
		TAP_EQUAL(get(0, offsets[i]), 0x400);
		TAP_EQUAL(fake_lapic.reg[offsets[i] / 16], LAPIC_LVT_MASKED);
		set(0, LAPIC_SVR, 0xff);
		TAP_EQUAL(get(0, offsets[i]), 0x10400);
	}
	set(0, LAPIC_LVT_CMCI, 0x400);
	TAP_EQUAL(get(0, LAPIC_LVT_CMCI), 0);
}

static void send_xapic(uint32_t from, uint32_t destination, uint32_t low)
{
	bench_clear();
	set(from, LAPIC_ICR_HIGH, destination << 24);
	set(from, LAPIC_ICR_LOW, low);
}

static void test_ipi(void)
{
	bench_start(4);
	send_xapic(0, 2, 0x4040);
	TAP_EQUAL(bench.interrupted[0x40], 4);
	TAP_EQUAL(bench.interrupt_count, 1);
	TAP_EQUAL(get(0, LAPIC_ICR_LOW), 0x4040);
	TAP_EQUAL(get(0, LAPIC_ICR_HIGH), 0x02000000);
	send_xapic(1, 0, 0x40000 | 0x41); /* self */
	TAP_EQUAL(bench.interrupted[0x41], 2);
	send_xapic(1, 0, 0x80000 | 0x42); /* all */
	TAP_EQUAL(bench.interrupted[0x42], 0xf);
	send_xapic(1, 0, 0xc0000 | 0x43); /* others */
	TAP_EQUAL(bench.interrupted[0x43], 0xd);
	send_xapic(1, 0xff, 0x44);
	TAP_EQUAL(bench.interrupted[0x44], 0xf);
	set(3, LAPIC_LDR, 0x80000000);
	send_xapic(1, 0x80, 0x800 | 0x45); /* logical */
	TAP_EQUAL(bench.interrupted[0x45], 8);
	send_xapic(1, 0xff, 0x100 | 0x46); /* lowest priority: one */
	TAP_EQUAL(bench.interrupt_count, 1);
	TAP_EQUAL(bench.request_count, 0);
	TAP_EQUAL(fake_lapic.ipi_count, 0);
}

static void test_ipi_errors(void)
{
	bench_start(2);
	send_xapic(0, 2, 0x40); /* there is no vCPU 2, though maybe a CPU */
	send_xapic(0, 1, 0x0f); /* illegal vector */
	TAP_EQUAL(bench.interrupt_count, 0);
	TAP_EQUAL(get(0, LAPIC_ESR), 0);
	set(0, LAPIC_ESR, 0);
	TAP_EQUAL(get(0, LAPIC_ESR), VLAPIC_ERROR_ACCEPT | VLAPIC_ERROR_VECTOR);
	set(0, LAPIC_ESR, 0);
	TAP_EQUAL(get(0, LAPIC_ESR), 0);
	(void)get(0, 0x0c0);
	set(0, LAPIC_ESR, 0);
	TAP_EQUAL(get(0, LAPIC_ESR), VLAPIC_ERROR_REGISTER);
	send_xapic(0, 1, 0x200 | 0x40);    /* SMI */
	send_xapic(0, 1, 0x300 | 0x40);    /* reserved */
	send_xapic(0, 1, 0x700 | 0x40);    /* ExtINT */
	send_xapic(0, 0, 0x80000 | 0x400); /* NMI to all including self */
	send_xapic(0, 0, 0x40000 | 0x500); /* INIT to self by shorthand */
	TAP_EQUAL(bench.interrupt_count + bench.request_count, 0);
}

/* What Linux and OVMF send to start a processor, with INIT-SIPI-SIPI twice over. */
static void test_start_up(void)
{
	bench_start(3);
	for (uint32_t i = 0; i < 2; i++) {
		send_xapic(0, 1, 0xc500); /* INIT, level, assert */
		TAP_EQUAL(bench.requested[1], VCPU_REQUEST_INIT);
		send_xapic(0, 1, 0x8500); /* level de-assert */
		TAP_EQUAL(bench.request_count, 0);
		send_xapic(0, 1, 0x0699);
		TAP_EQUAL(bench.requested[1], VCPU_REQUEST_SIPI);
		TAP_EQUAL(bench.vcpus[1].sipi_vector, 0x99);
		send_xapic(0, 1, 0x069a);
		TAP_EQUAL(bench.requested[1], VCPU_REQUEST_SIPI);
	}
	bench.vcpus[2].requests = VCPU_REQUEST_SIPI | VCPU_REQUEST_NMI;
	send_xapic(0, 0, 0xc4500); /* INIT to all others */
	TAP_EQUAL(bench.requested[0], 0);
	TAP_EQUAL(bench.requested[1], VCPU_REQUEST_INIT);
	TAP_EQUAL(bench.requested[2], VCPU_REQUEST_INIT);
	TAP_EQUAL(bench.vcpus[2].requests, VCPU_REQUEST_NMI); /* the SIPI was for before */
	send_xapic(2, 0, 0x400);
	TAP_EQUAL(bench.requested[0], VCPU_REQUEST_NMI);
}

static void test_x2apic_registers(void)
{
	start_x2apic(20);
	TAP_EQUAL(msr(19, LAPIC_ID), 19);
	TAP_EQUAL(msr(19, LAPIC_LDR), 0x10008);
	TAP_EQUAL(msr(0, LAPIC_VERSION), 0x00050014);
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_ID, 1));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_LDR, 1));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_DFR, 0));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_ICR_HIGH, 0));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_VERSION, 0));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_EOI, 1));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_ESR, 1));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_TPR, 0x100));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_TIMER_INITIAL, UINT64_C(1) << 32));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_TIMER_CURRENT, 1));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_LVT_TIMER, 0x80000));
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_LVT_CMCI, 0x10000));
	TAP_CHECK(!is_readable(LAPIC_EOI) && !is_readable(LAPIC_DFR) &&
		  !is_readable(LAPIC_ICR_HIGH) && !is_readable(LAPIC_SELF_IPI) &&
		  !is_readable(0x090) && !is_readable(0x400));
	TAP_CHECK(vlapic_write(&bench.vcpus[0], LAPIC_EOI, 0));
	TAP_CHECK(vlapic_write(&bench.vcpus[0], LAPIC_TPR, 0x10));
	TAP_EQUAL(msr(0, LAPIC_TPR), 0x10);
	TAP_CHECK(vlapic_write(&bench.vcpus[0], LAPIC_LVT_LINT1,
			       0x11400)); /* delivery status: ignored */
	TAP_EQUAL(msr(0, LAPIC_LVT_LINT1), 0x10400);
	TAP_EQUAL(get(0, LAPIC_ID), UINT32_MAX); /* the page is gone */
	set(0, LAPIC_TPR, 0x70);
	TAP_EQUAL(msr(0, LAPIC_TPR), 0x10);
}

static void test_x2apic_ipi(void)
{
	struct vcpu *first;

	start_x2apic(20);
	first = &bench.vcpus[0];
	TAP_CHECK(vlapic_write(first, LAPIC_ICR_LOW, UINT64_C(0x1200000040)));
	TAP_EQUAL(bench.interrupted[0x40], UINT64_C(1) << 18);
	TAP_EQUAL(msr(0, LAPIC_ICR_LOW), UINT64_C(0x1200000040));
	TAP_CHECK(vlapic_write(first, LAPIC_ICR_LOW, UINT64_C(0x0001000500000841)));
	TAP_EQUAL(bench.interrupted[0x41], UINT64_C(5) << 16);
	TAP_CHECK(vlapic_write(first, LAPIC_ICR_LOW, UINT64_C(0xffffffff00000042)));
	TAP_EQUAL(bench.interrupted[0x42], 0xfffff);
	TAP_CHECK(vlapic_write(first, LAPIC_SELF_IPI, 0x43));
	TAP_EQUAL(bench.interrupted[0x43], 1);
	TAP_CHECK(!vlapic_write(first, LAPIC_SELF_IPI, 0x143));
	bench_clear();
	for (uint32_t bit = 0; bit < 32; bit++) {
		if (((UINT32_C(0xfff32000) >> bit) & 1) != 0) {
			TAP_CHECK(!vlapic_write(first, LAPIC_ICR_LOW,
						UINT64_C(0x40) | UINT64_C(1) << bit));
		}
	}
	TAP_CHECK(vlapic_write(first, LAPIC_ICR_LOW, UINT64_C(0x1400000040))); /* nobody */
	TAP_CHECK(vlapic_write(first, LAPIC_ICR_LOW, UINT64_C(0x00ff00ff00000840)));
	TAP_EQUAL(bench.interrupt_count, 0);
	TAP_CHECK(vlapic_write(first, LAPIC_ESR, 0));
	TAP_EQUAL(msr(0, LAPIC_ESR), VLAPIC_ERROR_ACCEPT);
}

static bool base(uint64_t value)
{
	return vlapic_write(&bench.vcpus[0], LAPIC_BASE_MSR, value);
}

/* SDM 3A, "x2APIC State Transitions": every pair of states. */
static void test_base(void)
{
	uint32_t resets;

	bench_start(2);
	fake_lapic.is_x2apic = true;
	TAP_EQUAL(msr(0, LAPIC_BASE_MSR), BASE | ENABLE | BSP);
	TAP_EQUAL(msr(1, LAPIC_BASE_MSR), BASE | ENABLE);
	TAP_CHECK(!is_readable(LAPIC_ID)); /* x2APIC's MSRs are not there */
	TAP_CHECK(!vlapic_write(&bench.vcpus[0], LAPIC_TPR, 0));
	TAP_CHECK(!base(0xfed00000 | ENABLE));
	TAP_CHECK(!base(BASE | ENABLE | 0x200));
	TAP_CHECK(!base(BASE | ENABLE | UINT64_C(1) << 40));
	TAP_CHECK(!base(BASE | EXTENDED));
	TAP_CHECK(base(BASE | ENABLE));
	TAP_EQUAL(msr(0, LAPIC_BASE_MSR), BASE | ENABLE | BSP); /* the BSP flag stays */
	TAP_CHECK(base(BASE | ENABLE | EXTENDED | BSP));
	TAP_CHECK(bench.vcpus[0].arch.is_x2apic);
	TAP_CHECK(!base(BASE | ENABLE)); /* not straight back */
	TAP_CHECK(!base(BASE | EXTENDED));
	TAP_CHECK(base(BASE | ENABLE | EXTENDED));
	resets = fake_lapic.reset_count;
	TAP_CHECK(base(BASE));
	TAP_EQUAL(fake_lapic.reset_count, resets + 1);
	TAP_CHECK(!bench.vcpus[0].arch.is_x2apic);
	TAP_EQUAL(get(0, LAPIC_ID), UINT32_MAX);
	TAP_CHECK(!base(BASE | ENABLE | EXTENDED)); /* not from disabled */
	TAP_CHECK(base(BASE | ENABLE));
	TAP_EQUAL(get(0, LAPIC_ID), 0);
	fake_lapic.is_x2apic = false; /* not offered where the real APIC is not in that mode */
	TAP_CHECK(!base(BASE | ENABLE | EXTENDED));
}

static void test_init_keeps_mode(void)
{
	start_x2apic(2);
	TAP_CHECK(vlapic_write(&bench.vcpus[1], LAPIC_ICR_LOW, 0x4040));
	vlapic_reset(&bench.vcpus[1], true);
	TAP_CHECK(bench.vcpus[1].arch.is_x2apic);
	TAP_EQUAL(msr(1, LAPIC_BASE_MSR), BASE | ENABLE | EXTENDED);
	TAP_EQUAL(msr(1, LAPIC_ICR_LOW), 0);
	TAP_EQUAL(msr(1, LAPIC_ID), 1);
	vlapic_reset(&bench.vcpus[1], false);
	TAP_CHECK(!bench.vcpus[1].arch.is_x2apic);
	TAP_EQUAL(msr(1, LAPIC_BASE_MSR), BASE | ENABLE);
}

static const struct tap_case cases[] = {
	{"identity registers", test_identity},
	{"registers of the real APIC", test_real_registers},
	{"TSC-deadline where the CPU has it", test_deadline},
	{"LVT entries in software", test_soft_lvts},
	{"IPIs", test_ipi},
	{"IPIs that are refused", test_ipi_errors},
	{"INIT and SIPI", test_start_up},
	{"x2APIC registers and faults", test_x2apic_registers},
	{"x2APIC ICR and self IPI", test_x2apic_ipi},
	{"IA32_APIC_BASE", test_base},
	{"INIT keeps the mode", test_init_keeps_mode},
};
TAP_MAIN(cases)
