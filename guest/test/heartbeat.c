/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbour that must not notice: timer beats, memory, registers, time and the pace of a fixed
 * piece of work are checked all along. */
#include "apic.h"
#include "boot.h"
#include "console.h"
#include "cpu.h"
#include "report.h"
#include "tests.h"
#include "timer.h"
#include "trap.h"

#include <stddef.h>

#define VECTOR      0x4bu
#define BEAT_US     100000u
#define WORDS       8192u
#define BEATS_SHOWN 10u
#define SLOW_TIMES  4u /* the shortest piece's time */

static uint64_t words[WORDS];
static _Atomic uint32_t beat_count;
static uint64_t last_beat;
static uint64_t longest_gap;

/* Pieces of work, each a walk over `words`. */
static struct {
	uint32_t count;
	uint32_t slow_count;
	uint64_t shortest; /* ticks */
} work = {.shortest = UINT64_MAX};

static void on_beat(struct trap_frame *frame)
{
	uint64_t now = cpu_rdtsc();

	(void)frame;
	if (last_beat != 0 && now - last_beat > longest_gap) {
		longest_gap = now - last_beat;
	}
	last_beat = now;
	beat_count++;
	apic_eoi();
}

static uint64_t pattern(uint32_t index)
{
	return (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint32_t count_wrong_words(void)
{
	uint32_t wrong_count = 0;

	for (uint32_t i = 0; i < WORDS; i++) {
		wrong_count += words[i] != pattern(i);
	}
	return wrong_count;
}

/* Counts wrong words, and looks at the time that this takes. */
static uint32_t do_work(void)
{
	uint64_t start = cpu_rdtsc();
	uint32_t wrong_count = count_wrong_words();
	uint64_t ticks = cpu_rdtsc() - start;

	work.count++;
	work.slow_count += work.shortest < ticks / SLOW_TIMES;
	work.shortest = ticks < work.shortest ? ticks : work.shortest;
	return wrong_count;
}

static void report_pace(void)
{
	uint64_t percent = (uint64_t)work.slow_count * 100 / work.count;

	console_print("NOTE work of %llu ticks, %u times, %u of them more than %ux slower\n",
		      (unsigned long long)work.shortest, work.count, work.slow_count, SLOW_TIMES);
	report_range("pace", percent, 0, boot_option_number("slow_percent", 20));
}

static void start_timer(void)
{
	uint64_t khz = timer_apic_khz() != 0 ? timer_apic_khz() : 1000000;

	trap_set_handler(VECTOR, on_beat);
	apic_write(APIC_TIMER_DIVIDE, 0x3); /* by 16 */
	apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | VECTOR);
	apic_write(APIC_TIMER_INITIAL, (uint32_t)(khz * BEAT_US / 1000 / 16));
}

/* `beats=` of a tenth of a second each; the longest gap may be `gap_ms=`, and `slow_percent=` of
 * the pieces of work slow; `rest=1` halts between them; `shown=` of them are printed. */
void test_heartbeat(void)
{
	uint64_t beats = boot_option_number("beats", 50);
	uint64_t gap_ms = boot_option_number("gap_ms", 3000);
	bool is_resting = boot_option_number("rest", 0) != 0;
	uint64_t end = cpu_rdtsc() + beats * BEAT_US * 20 / 1000 * timer_tsc_khz();
	uint32_t wrong_count = 0;
	uint32_t backward_count = 0;
	uint64_t step = beats / boot_option_number("shown", BEATS_SHOWN);
	uint32_t shown = 0;
	uint64_t last = cpu_rdtsc();

	for (uint32_t i = 0; i < WORDS; i++) {
		words[i] = pattern(i);
	}
	cpu_write_dr0(pattern(0));
	start_timer();
	cpu_sti();
	while (beat_count < beats && cpu_rdtsc() < end) {
		uint64_t now = cpu_rdtsc();

		backward_count += now < last;
		last = now;
		wrong_count += do_work();
		if (beat_count >= shown + step) {
			shown = beat_count;
			console_print("beat %u\n", shown);
		}
		if (is_resting) {
			cpu_sti_hlt();
		}
		cpu_pause();
	}
	cpu_cli();
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	report_true("beats", beat_count >= beats);
	report_equal("memory", wrong_count, 0);
	report_equal("time-forward", backward_count, 0);
	report_equal("debug-register", cpu_read_dr0(), pattern(0));
	report_range("longest-gap-ms", longest_gap / timer_tsc_khz(), 0, gap_ms);
	report_pace();
	report_equal("no-nmi", trap_count(TRAP_NMI), 0);
}
