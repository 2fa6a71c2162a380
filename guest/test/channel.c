/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel between partitions 0 and 1, which run this same test: registers, doorbells, memory.
 * What one of them checks the other lets happen, step by step: meet() is where they wait.
 */
#include "channel.h"
#include "apic.h"
#include "boot.h"
#include "console.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "samples.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define VECTOR        0x50u /* the first of eight */
#define VECTOR_LOW    0x41u /* below heartbeat's timer */
#define MEET_US       60000000u
#define WAIT_US       5000000u
#define SETTLE_US     300u
#define ROUNDS        100u
#define SIZE_MAX_DATA 16384u
#define RINGS         1000u
#define READ_EXITS    2u /* a hypercall and a CPUID: reading the counter */
#define DATA_BASE     4096u

struct message {
	uint32_t offset;
	uint32_t size;
	uint64_t seed;
};

/* At the start of the shared memory. */
struct shared {
	_Atomic uint32_t step[2]; /* how far each partition has come */
	_Atomic uint32_t heard;   /* rings that arrived in the exit test */
	struct message messages[2];
};

static struct channel channel;
static struct shared *shared;
static uint32_t other;
static uint32_t samples[RINGS];

/* Both come so far, or this ends the test. */
static bool meet(void)
{
	uint32_t step = ++shared->step[channel.id];

	if (!timer_wait_for(&shared->step[other], step, MEET_US)) {
		report_fail("meet", "the other did not come to step %u", step);
		return false;
	}
	return true;
}

static uint32_t heard(uint32_t vector)
{
	return trap_count((uint8_t)(VECTOR + vector));
}

static void forget(void)
{
	for (uint32_t i = 0; i < CHANNEL_VECTORS; i++) {
		trap_count_reset((uint8_t)(VECTOR + i));
	}
}

static uint32_t page_read(uint32_t offset)
{
	return *(volatile uint32_t *)(channel.page + offset);
}

/* The half of the memory that a partition writes its messages to. */
static volatile uint8_t *half_of(uint32_t id)
{
	return channel.memory + DATA_BASE + id * ((channel.size - DATA_BASE) / 2);
}

static void check_registers(void)
{
	const volatile uint64_t *words = (const volatile uint64_t *)(uintptr_t)half_of(channel.id);
	uint32_t set_count = 0;

	report_equal("class", channel_config(8), 0x05000001);
	report_equal("size", channel.size, 2u << 20);
	report_equal("position-by-memory", page_read(CHANNEL_POSITION), channel.id);
	report_equal("mask", page_read(0), 0);
	report_equal("status", cpu_inl((uint16_t)(channel.port + 4)), 0);
	for (uint32_t i = 0; i < (channel.size - DATA_BASE) / 2 / sizeof(*words); i++) {
		set_count += words[i] != 0;
	}
	report_equal("zeroed", set_count, 0);
	report_equal("not-ram",
		     (uint64_t)hypercall(HYPERCALL_CONSOLE_WRITE, (uintptr_t)channel.memory, 16),
		     (uint64_t)HYPERCALL_BAD_ADDRESS);
}

/* Each rings all vectors of the other, by ports and by memory, and of nobody. */
static bool check_doorbells(void)
{
	uint32_t wrong_count = 0;

	for (uint32_t i = 0; i < CHANNEL_VECTORS; i++) {
		channel_ring(&channel, other, i);
	}
	for (uint32_t i = 0; i < CHANNEL_VECTORS; i++) {
		wrong_count += !timer_wait_count(0, (uint8_t)(VECTOR + i), 1, MEET_US);
	}
	report_equal("doorbells", wrong_count, 0);
	if (!meet()) { /* two rings of a vector could fall together */
		return false;
	}
	*(volatile uint32_t *)(channel.page + CHANNEL_DOORBELL) = other << 16 | 5;
	report_true("doorbell-by-memory", timer_wait_count(0, VECTOR + 5, 2, MEET_US));
	channel_ring(&channel, channel.id, 6);
	report_true("doorbell-to-itself", timer_wait_count(0, VECTOR + 6, 2, WAIT_US));
	if (!meet()) {
		return false;
	}
	for (uint32_t i = 2; i <= UINT16_MAX; i += i < 64 ? 1 : 997) {
		channel_ring(&channel, i, 0);
		channel_ring(&channel, other, i < CHANNEL_VECTORS ? CHANNEL_VECTORS : i);
	}
	if (!meet()) {
		return false;
	}
	timer_delay_us(SETTLE_US);
	wrong_count = 0;
	for (uint32_t i = 0; i < CHANNEL_VECTORS; i++) {
		wrong_count += heard(i) != 1 + (i == 5 || i == 6);
	}
	report_equal("nobody-rang", wrong_count, 0);
	return meet();
}

/* A masked vector is kept, once. */
static bool check_mask(void)
{
	forget();
	channel_mask(&channel, 3, true);
	if (!meet()) {
		return false;
	}
	for (uint32_t i = 0; i < 3; i++) {
		channel_ring(&channel, other, 3);
	}
	if (!meet()) {
		return false;
	}
	timer_delay_us(SETTLE_US);
	report_equal("masked", heard(3), 0);
	channel_mask(&channel, 3, false);
	report_true("unmasked", timer_wait_count(0, VECTOR + 3, 1, WAIT_US));
	timer_delay_us(SETTLE_US);
	report_equal("unmasked-once", heard(3), 1);
	return meet();
}

static uint8_t byte_of(uint64_t seed, uint32_t index)
{
	uint64_t word = (seed + index / 8) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint8_t)(word >> 8 * (index % 8));
}

static void send(void)
{
	struct message message = {.seed = cpu_rdtsc() * UINT64_C(0x2545f4914f6cdd1d)};

	message.size = 1 + (uint32_t)(message.seed >> 20) % SIZE_MAX_DATA;
	message.offset =
		(uint32_t)((message.seed >> 32) % ((channel.size - DATA_BASE) / 2 - message.size));
	for (uint32_t i = 0; i < message.size; i++) {
		half_of(channel.id)[message.offset + i] = byte_of(message.seed, i);
	}
	shared->messages[channel.id] = message;
	channel_ring(&channel, other, 1);
}

static uint32_t receive(void)
{
	struct message message = shared->messages[other];
	uint32_t wrong_count = 0;

	for (uint32_t i = 0; i < message.size; i++) {
		wrong_count += half_of(other)[message.offset + i] != byte_of(message.seed, i);
	}
	return wrong_count;
}

/* Messages of random sizes, to and fro; a doorbell says that one is there. */
static bool check_data(void)
{
	uint32_t wrong_count = 0;
	uint32_t lost_count = 0;

	forget();
	if (!meet()) {
		return false;
	}
	for (uint32_t round = 1; round <= ROUNDS && lost_count == 0; round++) {
		if (channel.id == 0) {
			send();
		}
		lost_count += !timer_wait_count(0, VECTOR + 1, round, WAIT_US);
		wrong_count += receive();
		if (channel.id == 1) {
			send();
		}
	}
	report_equal("messages-lost", lost_count, 0);
	report_equal("bytes-wrong", wrong_count, 0);
	return meet();
}

static void on_ring(struct trap_frame *frame)
{
	(void)frame;
	apic_eoi();
	shared->heard++;
}

/* What a ring costs partition 0. It waits for each to arrive, so that none falls together. */
static void measure(void)
{
	uint32_t lost_count = 0;

	for (uint32_t i = 0; i < RINGS && lost_count == 0; i++) {
		uint64_t start = cpu_rdtsc();

		channel_ring(&channel, other, 0);
		samples[i] = (uint32_t)(cpu_rdtsc() - start);
		lost_count += !timer_wait_for(&shared->heard, i + 1, WAIT_US);
	}
	report_equal("rings-lost", lost_count, 0);
	samples_print("doorbell-pair", samples, RINGS, 0);
}

/* Partition 1 hears them all without one exit, but for xAPIC mode's writes of EOI. */
static bool check_exits(void)
{
	uint64_t before = 0;
	uint64_t own = apic_is_x2apic() ? 0 : RINGS;

	trap_set_handler(VECTOR, on_ring);
	if (channel.id == 1) {
		before = hypercall_exit_count(0, EXIT_COUNT_TOTAL);
	}
	if (!meet()) {
		return false;
	}
	if (channel.id == 0) {
		measure();
	} else {
		bool is_all = timer_wait_for(&shared->heard, RINGS, MEET_US);
		uint64_t exits = hypercall_exit_count(0, EXIT_COUNT_TOTAL) - before - READ_EXITS;

		report_true("heard", is_all);
		report_equal("receiver-exits", exits, own);
		console_print("RINGS rings=%u exits=%llu\n", RINGS, (unsigned long long)exits);
	}
	trap_set_handler(VECTOR, NULL);
	return meet();
}

void test_channel(void)
{
	if (!channel_open(&channel, VECTOR)) {
		report_fail("found", "no such PCI function");
		return;
	}
	if (apic_has_x2apic()) {
		apic_enter_x2apic();
	}
	shared = (struct shared *)(uintptr_t)channel.memory;
	other = 1 - channel.id;
	check_registers();
	forget();
	cpu_sti();
	if (meet() && check_doorbells() && check_mask() && check_data() && check_exits()) {
		report_true("together", true);
	}
	cpu_cli();
}

/* Whoever rings interrupts the tests that follow, in the way of their own interrupts. */
void test_channel_listen(void)
{
	uint32_t old_count = 0;

	for (uint32_t i = 0; i < CHANNEL_VECTORS; i++) {
		old_count += apic_is_set(APIC_IRR, (uint8_t)(VECTOR_LOW + i));
	}
	report_equal("no-old-rings", old_count, 0); /* from before a restart */
	report_true("open", channel_open(&channel, VECTOR_LOW));
}

/* Rings at everybody it may reach, as fast as it can, for `seconds=`. */
void test_channel_flood(void)
{
	uint64_t end = cpu_rdtsc() + boot_option_number("seconds", 3) * timer_tsc_khz() * 1000;
	uint64_t rounds = 0;

	report_true("open", channel_open(&channel, VECTOR_LOW));
	for (; cpu_rdtsc() < end; rounds++) {
		channel_ring(&channel, (uint32_t)(rounds % 4), rounds / 4 % CHANNEL_VECTORS);
		if (rounds % 64 == 0) {
			channel_ring(&channel, (uint16_t)rounds, (uint16_t)(rounds >> 16));
			*(volatile uint32_t *)(channel.page + CHANNEL_DOORBELL) =
				(uint32_t)(rounds * UINT64_C(0x9e3779b97f4a7c15) >> 32);
		}
	}
	console_print("NOTE flood of %llu rounds\n", (unsigned long long)rounds);
	report_true("flood", rounds > 0);
}
