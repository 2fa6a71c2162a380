/* SPDX-License-Identifier: Apache-2.0 */
/* Several vCPUs: start, stop, restart, and interrupts between them in every form. */
#include "smp.h"

#include "apic.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define VECTOR         0x48u
#define WAIT_US        2000000u
#define SETTLE_US      2000u
#define ROUNDS         1000u
#define APIC_ID_NOBODY 0x7du

static _Atomic uint32_t shared_count;
static _Atomic uint64_t shared_tsc;

static uint32_t sipi_command(void)
{
	return APIC_STARTUP | APIC_ASSERT | SMP_START_PAGE >> 12;
}

static void check_start(void)
{
	uint32_t wrong_count = 0;

	report_true("start-all", smp_start_all());
	for (uint32_t i = 1; i < smp_count(); i++) {
		wrong_count += smp_start_count(i) != 1;
	}
	/* The second SIPI goes to a vCPU that runs and has no effect. */
	timer_delay_us(SETTLE_US);
	report_equal("started-once", wrong_count, 0);
	report_equal("real-mode-runs", smp_sipi_seen(), smp_count() - 1);
}

struct identity {
	uint32_t apic_id;
	uint32_t index;
	bool is_bsp;
	uint64_t pat;
};

static void read_identity(void *argument)
{
	struct identity *id = argument;

	id->apic_id = apic_id();
	id->index = cpu_index();
	id->is_bsp = (cpu_rdmsr(MSR_APIC_BASE) & APIC_BASE_BSP) != 0;
	id->pat = cpu_rdmsr(MSR_PAT);
}

static void check_identity(void)
{
	uint32_t wrong_count = 0;

	for (uint32_t i = 1; i < smp_count(); i++) {
		struct identity id = {.apic_id = UINT32_MAX};

		wrong_count += !smp_run(i, read_identity, &id) || id.apic_id != smp_apic_id(i) ||
			       id.index != i || id.is_bsp || id.pat != UINT64_C(0x0007040600070406);
	}
	report_equal("identity", wrong_count, 0);
}

struct sending {
	uint32_t destination;
	uint32_t command;
};

static void do_send(void *argument)
{
	const struct sending *sending = argument;

	apic_send(sending->destination, sending->command);
}

/* From vCPU `from`, the caller included. */
static bool send_from(uint32_t from, uint32_t destination, uint32_t command)
{
	struct sending sending = {destination, command};

	if (from == 0) {
		do_send(&sending);
		return true;
	}
	return smp_run(from, do_send, &sending);
}

/* Each to each, its own ID included; each one counts exactly what was meant for it. */
static void check_pairs(void)
{
	uint32_t count = smp_count();
	uint32_t wrong_count = 0;

	trap_count_reset(VECTOR);
	cpu_sti();
	for (uint32_t from = 0; from < count; from++) {
		for (uint32_t to = 0; to < count; to++) {
			wrong_count += !send_from(from, smp_apic_id(to),
						  APIC_FIXED | APIC_ASSERT | VECTOR);
			wrong_count += !timer_wait_count(to, VECTOR, from + 1, WAIT_US);
		}
	}
	timer_delay_us(SETTLE_US);
	for (uint32_t to = 0; to < count; to++) {
		wrong_count += trap_count_of(to, VECTOR) != count;
	}
	report_equal("ipi-each-to-each", wrong_count, 0);
}

/* Sends with a shorthand; everybody but perhaps the sender gets it once. */
static void check_shorthand(const char *check, uint32_t from, uint32_t shorthand, bool is_self_too)
{
	uint32_t wrong_count = 0;

	trap_count_reset(VECTOR);
	cpu_sti();
	wrong_count += !send_from(from, 0, shorthand | APIC_FIXED | APIC_ASSERT | VECTOR);
	for (uint32_t to = 0; to < smp_count(); to++) {
		wrong_count +=
			(to != from || is_self_too) && !timer_wait_count(to, VECTOR, 1, WAIT_US);
	}
	timer_delay_us(SETTLE_US);
	for (uint32_t to = 0; to < smp_count(); to++) {
		wrong_count += trap_count_of(to, VECTOR) != (to != from || is_self_too ? 1u : 0u);
	}
	report_equal(check, wrong_count, 0);
}

static void check_self(void)
{
	trap_count_reset(VECTOR);
	report_true("self-from-second",
		    send_from(1, 0, APIC_SELF | APIC_FIXED | APIC_ASSERT | VECTOR) &&
			    timer_wait_count(1, VECTOR, 1, WAIT_US));
	timer_delay_us(SETTLE_US);
	report_true("self-only-self",
		    trap_count_of(0, VECTOR) == 0 && trap_count_of(1, VECTOR) == 1);
}

static void check_broadcast(void)
{
	uint32_t everybody = apic_is_x2apic() ? UINT32_MAX : 0xff;

	check_shorthand("others", 0, APIC_OTHERS, false);
	check_shorthand("others-from-second", 1, APIC_OTHERS, false);
	check_shorthand("all", 0, APIC_ALL, true);
	check_self();
	trap_count_reset(VECTOR);
	apic_send(everybody, APIC_FIXED | APIC_ASSERT | VECTOR);
	report_true("broadcast-id", timer_wait_count(1, VECTOR, 1, WAIT_US) &&
					    timer_wait_count(0, VECTOR, 1, WAIT_US));
}

static void check_nmi(void)
{
	uint32_t wrong_count = 0;

	trap_count_reset(TRAP_NMI);
	for (uint32_t to = 1; to < smp_count(); to++) {
		apic_send(smp_apic_id(to), APIC_NMI | APIC_ASSERT);
		wrong_count += !timer_wait_count(to, TRAP_NMI, 1, WAIT_US);
	}
	report_equal("nmi-ipi", wrong_count, 0);
	apic_send(0, APIC_OTHERS | APIC_NMI | APIC_ASSERT);
	wrong_count = trap_count(TRAP_NMI) != 0;
	for (uint32_t to = 1; to < smp_count(); to++) {
		wrong_count += !timer_wait_count(to, TRAP_NMI, 2, WAIT_US);
	}
	report_equal("nmi-to-others", wrong_count, 0);
	report_true("nmi-from-second", send_from(1, smp_apic_id(0), APIC_NMI | APIC_ASSERT) &&
					       timer_wait_count(0, TRAP_NMI, 1, WAIT_US));
}

/* IDs that are nobody's, or another partition's CPU by its real number: nothing may happen. */
static void check_nobody(void)
{
	trap_count_reset(VECTOR);
	for (uint32_t id = smp_count(); id < smp_count() + 4; id++) {
		apic_send(id, APIC_FIXED | APIC_ASSERT | VECTOR);
		apic_send(id, APIC_NMI | APIC_ASSERT);
		apic_send(id, APIC_INIT | APIC_ASSERT);
		apic_send(id, sipi_command());
	}
	apic_send(APIC_ID_NOBODY, APIC_FIXED | APIC_ASSERT | VECTOR);
	timer_delay_us(SETTLE_US);
	report_equal("nobody", trap_count_of(0, VECTOR) + trap_count_of(1, VECTOR), 0);
}

static void check_restart(void)
{
	uint32_t last = smp_count() - 1;
	uint32_t before = smp_start_count(last);
	struct identity id = {.apic_id = UINT32_MAX};

	smp_stop(last);
	timer_delay_us(SETTLE_US);
	smp_begin(last, read_identity, &id);
	report_true("init-stops", !smp_finish(last, 20000));
	trap_count_reset(VECTOR);
	apic_send_vector(smp_apic_id(last), VECTOR);
	timer_delay_us(SETTLE_US);
	report_equal("ipi-to-stopped", trap_count_of(last, VECTOR), 0);
	report_true("restart", smp_start(last));
	report_equal("restart-once", smp_start_count(last), before + 1);
	report_true("restarted-runs", smp_run(last, read_identity, &id) && id.index == last);
	apic_send(smp_apic_id(last), sipi_command());
	timer_delay_us(SETTLE_US);
	report_equal("sipi-to-running", smp_start_count(last), before + 1);
	report_true("restart-of-running", smp_start(last) && smp_start(last));
	report_equal("restart-twice", smp_start_count(last), before + 3);
}

static void halt_until_woken(void *argument)
{
	(void)argument;
	while (trap_count(VECTOR) == 0) {
		cpu_cli();
		if (trap_count(VECTOR) == 0) {
			cpu_sti_hlt();
		}
		cpu_sti();
	}
}

static void check_halt(void)
{
	trap_count_reset(VECTOR);
	smp_begin(1, halt_until_woken, NULL);
	timer_delay_us(SETTLE_US);
	apic_send_vector(smp_apic_id(1), VECTOR);
	report_true("ipi-wakes-hlt", smp_finish(1, WAIT_US));
}

static void add_many(void *argument)
{
	(void)argument;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		shared_count++;
		cpu_cpuid(0, 0); /* an exit in between */
	}
}

static void check_atomic(void)
{
	bool is_done = true;

	shared_count = 0;
	for (uint32_t i = 1; i < smp_count(); i++) {
		smp_begin(i, add_many, NULL);
	}
	add_many(NULL);
	for (uint32_t i = 1; i < smp_count(); i++) {
		is_done = smp_finish(i, 10 * WAIT_US) && is_done;
	}
	report_true("all-at-once", is_done);
	report_equal("shared-counter", shared_count, (uint64_t)ROUNDS * smp_count());
}

static void publish_tsc(void *argument)
{
	(void)argument;
	shared_tsc = cpu_rdtsc();
}

/* Time does not run backwards from one vCPU to the next and back. */
static void check_tsc(void)
{
	uint32_t wrong_count = 0;

	for (uint32_t i = 0; i < 20; i++) {
		uint64_t before = cpu_rdtsc();

		wrong_count += !smp_run(1, publish_tsc, NULL) || shared_tsc < before ||
			       cpu_rdtsc() < shared_tsc;
	}
	report_equal("tsc-in-step", wrong_count, 0);
}

static void check_logical(void)
{
	uint32_t wrong_count = 0;

	if (!apic_is_x2apic()) {
		report_skip("logical", "needs x2APIC's fixed logical IDs");
		return;
	}
	trap_count_reset(VECTOR);
	apic_send((1u << smp_count()) - 1, APIC_LOGICAL | APIC_FIXED | APIC_ASSERT | VECTOR);
	for (uint32_t to = 0; to < smp_count(); to++) {
		wrong_count += !timer_wait_count(to, VECTOR, 1, WAIT_US);
	}
	report_equal("logical", wrong_count, 0);
}

void test_smp(void)
{
	if (smp_count() < 2) {
		report_skip("all", "one vCPU");
		return;
	}
	cpu_sti();
	check_start();
	check_identity();
	check_pairs();
	check_broadcast();
	check_nmi();
	check_nobody();
	check_halt();
	check_atomic();
	check_tsc();
	check_logical();
	check_restart();
	cpu_cli();
}
