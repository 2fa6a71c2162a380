/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up of the other vCPUs and a mailbox for each. */
#include "smp.h"

#include "acpi.h"
#include "apic.h"
#include "cpu.h"
#include "str.h"
#include "timer.h"

#include <stddef.h>

#define START_WAIT_US 2000000u
#define RUN_WAIT_US   5000000u
#define APIC_ID_MAX   256u

/* Written by the vCPU that asks (function, argument, asked) and by its owner (the rest). */
struct mailbox {
	smp_function *function;
	void *argument;
	_Atomic uint32_t asked_count;
	_Atomic uint32_t done_count;
	_Atomic uint32_t start_count;
	_Atomic bool is_online;
};

extern uint8_t ap_start_begin[];
extern uint8_t ap_start_end[];
extern uint32_t ap_start_cr3;
extern uint32_t ap_start_seen;
void smp_ap_main(uint32_t index);

/* ap_start.asm finds the stack by these. */
uint8_t smp_stacks[CPU_COUNT_MAX][1u << SMP_STACK_SHIFT] __attribute__((aligned(16)));
uint8_t smp_index_of_apic[APIC_ID_MAX];

static struct mailbox boxes[CPU_COUNT_MAX];
static uint32_t apic_ids[CPU_COUNT_MAX];
static uint32_t cpu_count;
static bool is_x2apic_wanted; /* the mode of the vCPU that started the others last */

static void add_cpu(uint32_t id)
{
	if (cpu_count < CPU_COUNT_MAX && id < APIC_ID_MAX) {
		smp_index_of_apic[id] = (uint8_t)cpu_count;
		apic_ids[cpu_count++] = id;
	}
}

static void visit(uint8_t type, const uint8_t *entry, uint8_t length)
{
	if (type == ACPI_MADT_LOCAL_APIC && length >= 8 && (entry[4] & 1) != 0) {
		add_cpu(entry[3]);
	} else if (type == ACPI_MADT_LOCAL_X2APIC && length >= 16 && (entry[8] & 1) != 0) {
		add_cpu(acpi_read32(entry, 4));
	}
}

void smp_init(void)
{
	acpi_visit_madt(visit);
	if (cpu_count == 0) {
		add_cpu(apic_id());
	}
	boxes[0].is_online = true;
	boxes[0].start_count = 1;
}

uint32_t smp_count(void)
{
	return cpu_count;
}

uint32_t smp_apic_id(uint32_t index)
{
	return apic_ids[index];
}

bool smp_is_online(uint32_t index)
{
	return boxes[index].is_online;
}

uint32_t smp_start_count(uint32_t index)
{
	return boxes[index].start_count;
}

/* A variable of the page's copy. */
static volatile uint32_t *in_copy(uint32_t *variable)
{
	return (volatile uint32_t *)(SMP_START_PAGE +
				     ((uintptr_t)variable - (uintptr_t)ap_start_begin));
}

uint32_t smp_sipi_seen(void)
{
	return *in_copy(&ap_start_seen);
}

void smp_prepare(void)
{
	static bool is_ready;

	if (is_ready) {
		return;
	}
	ap_start_cr3 = (uint32_t)(cpu_read_cr3() & UINT32_MAX);
	memcpy((void *)(uintptr_t)SMP_START_PAGE, ap_start_begin,
	       (size_t)(ap_start_end - ap_start_begin));
	is_ready = true;
}

bool smp_wait_start_count(uint32_t index, uint32_t at_least)
{
	return timer_wait_for(&boxes[index].start_count, at_least, START_WAIT_US);
}

void smp_stop(uint32_t index)
{
	boxes[index].is_online = false;
	apic_send(apic_ids[index], APIC_INIT | APIC_ASSERT);
}

bool smp_start(uint32_t index)
{
	uint32_t before = boxes[index].start_count;
	uint32_t sipi = APIC_STARTUP | APIC_ASSERT | SMP_START_PAGE >> 12;

	smp_prepare();
	is_x2apic_wanted = apic_is_x2apic();
	smp_stop(index);
	timer_delay_us(200);
	apic_send(apic_ids[index], sipi);
	if (!timer_wait_for(&boxes[index].start_count, before + 1, 20000)) {
		apic_send(apic_ids[index], sipi);
	}
	return smp_wait_start_count(index, before + 1);
}

bool smp_start_all(void)
{
	bool is_all = true;

	for (uint32_t i = 1; i < cpu_count; i++) {
		is_all = (smp_is_online(i) || smp_start(i)) && is_all;
	}
	return is_all;
}

/* First C function of another vCPU; waits for work for ever, interrupts on. */
void smp_ap_main(uint32_t index)
{
	struct mailbox *box = &boxes[index];

	cpu_init(index);
	apic_init();
	if (is_x2apic_wanted) {
		apic_enter_x2apic();
	}
	box->done_count = box->asked_count;
	box->is_online = true;
	box->start_count++;
	cpu_sti();
	for (;;) {
		if (box->done_count != box->asked_count) {
			box->function(box->argument);
			box->done_count++;
		}
		cpu_pause();
	}
}

void smp_begin(uint32_t index, smp_function *function, void *argument)
{
	boxes[index].function = function;
	boxes[index].argument = argument;
	boxes[index].asked_count++;
}

bool smp_finish(uint32_t index, uint64_t microseconds)
{
	return timer_wait_for(&boxes[index].done_count, boxes[index].asked_count, microseconds);
}

bool smp_run(uint32_t index, smp_function *function, void *argument)
{
	smp_begin(index, function, argument);
	return smp_finish(index, RUN_WAIT_US);
}
