/* SPDX-License-Identifier: Apache-2.0 */
/* bh stat, top, console, events: what partitions do, and talking to them. */
/* Links: @bh tests/host/bh_bench.c tests/host/manage_bench.c */
#include "bh_bench.h"

#include "console.h"
#include "hv/vm.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

#define BH(expected, ...) TAP_EQUAL(bench_run(__VA_ARGS__), expected)
#define SAYS(text)        TAP_CHECK(bench_says(bench_out(), text))
#define COMPLAINS(text)   TAP_CHECK(bench_says(bench_errors(), text))

static const struct fake_exit calls[] = {
	{.exit = {.kind = VM_EXIT_HYPERCALL},
	 .has_gpr = true,
	 .gpr = {[VCPU_RAX] = HYPERCALL_NULL}},
	{.exit = {.kind = VM_EXIT_HYPERCALL},
	 .has_gpr = true,
	 .gpr = {[VCPU_RAX] = HYPERCALL_NULL}},
	{.exit = {.kind = VM_EXIT_HYPERCALL},
	 .has_gpr = true,
	 .gpr = {[VCPU_RAX] = HYPERCALL_SHUTDOWN, [VCPU_RDI] = SHUTDOWN_CRASH}},
};

static void counts_exits(void)
{
	uint64_t *counts;

	bench_start_two();
	bench_create("alpha");
	BH(0, "pause alpha"); /* the fake machine's every turn is an exit */
	counts = bench_vm(1)->vcpus[0]->arch.exit_count;
	counts[EXIT_COUNT_TOTAL] = 1000;
	counts[EXIT_COUNT_MMIO] = 1000;
	BH(0, "stat alpha -i 0.01");
	SAYS("EXIT   TOTAL  PER SECOND  SHARE\n"
	     "total   1000           0    0 %\n");
	SAYS("mmio    1000 ");
	BH(0, "stat -i 0.01 -n 2");
	SAYS("NAME   STATE    EXITS/S");
	SAYS("\nalpha  paused         0");
	BH(0, "top -i 0.01 -n 2");
	SAYS("\nmgmt   running ");
	BH(0, "stat --json -i 0.01");
	SAYS("\"exits\":{\"total\":1000,\"cpuid\":0,");
	SAYS("\"per_second\":{\"total\":0.000,");
	BH(3, "stat beta");
	BH(2, "stat -i 0");
	BH(2, "stat -i 1x");
	BH(2, "stat -n -1");
}

/* A number behind a name, in the last object of a line of JSON; at the end: 0. */
static double number(const char *text, const char *name)
{
	const char *at = NULL;
	double value = 0;

	for (const char *next = strstr(text, name); next != NULL; next = strstr(next + 1, name)) {
		at = next;
	}
	TAP_CHECK(at != NULL && sscanf(at + strlen(name), "%lf", &value) == 1);
	return value;
}

static void rates_fit_counts(void)
{
	char first[2000] = "";
	const char *second;
	double seconds;
	double count;

	bench_start_two();
	bench_create("alpha");
	BH(0, "stat alpha --json -i 0.05 -n 2");
	second = strchr(bench_out(), '\n') + 1;
	memcpy(first, bench_out(), (size_t)(second - bench_out()));
	seconds = number(second, "\"seconds\":");
	count = number(second, "\"exits\":{\"total\":") - number(first, "\"exits\":{\"total\":");
	TAP_CHECK(seconds >= 0.05 && count >= 3);
	TAP_CHECK(number(second, "\"per_second\":{\"total\":") * seconds > count * 0.9);
	TAP_CHECK(number(second, "\"per_second\":{\"total\":") * seconds < count * 1.1);
}

static void shows_a_console(void)
{
	static const char greeting[] = "login: ";

	bench_start_two();
	bench_create("alpha");
	console_write(bench_vm(1), (const uint8_t *)greeting, sizeof(greeting) - 1);
	bench_input("root\rls\r\x1dlost", 12);
	BH(0, "console alpha");
	SAYS("login: ");
	bench_input("more", 4);
	BH(0, "console alpha"); /* its end is the end, after what comes back */
	SAYS("login: ");
	BH(3, "console beta");
	COMPLAINS("partition beta: there is none");
}

static void types_what_fits(void)
{
	char text[500];

	bench_start_two();
	bench_create("alpha");
	memset(text, 'x', sizeof(text));
	text[499] = 'y';
	bench_input(text, sizeof(text));
	BH(0, "console alpha");
	TAP_EQUAL(strlen(bench_typed()), 500);
	TAP_EQUAL(bench_typed()[499], 'y');
	bench_input("root\r\x1dlost", 10);
	BH(0, "console alpha");
	TAP_TEXT(bench_typed() + 500, "root\r");
}

static void tells_of_an_end(void)
{
	bench_start_two();
	bench_create("alpha");
	bench_script(calls, 3);
	bench_input("", 0);
	BH(0, "console alpha");
	COMPLAINS("[alpha: stopped: crash]");
	bench_input("abc", 3);
	BH(0, "console alpha"); /* of a stopped partition: bytes go nowhere */
	TAP_TEXT(bench_typed(), "");
	BH(0, "ls");
	SAYS("stopped: crash\n");
	console_write(bench_vm(1), (const uint8_t *)"one\r\n\x1b[1mtwo\r\n\r\n", 15);
	BH(0, "inspect alpha");
	SAYS("last words     [1mtwo\n");
	console_write(bench_vm(1), (const uint8_t *)"a panic\nmore\n", 13);
	BH(0, "inspect alpha");
	SAYS("last stop     crash\nlast words    a panic\n");
}

static void events_wrap(void)
{
	bench_start_two();
	bench_create("alpha");
	for (uint32_t i = 0; i < 30; i++) {
		BH(0, "reset alpha");
	}
	BH(0, "events");
	SAYS("(id 1) stopped: stopped by bh\n");
	TAP_CHECK(strstr(bench_out(), "created") == NULL); /* overwritten */
	BH(0, "events --json");
	SAYS("\"sequence\":93,");
	TAP_CHECK(strstr(bench_out(), "\"sequence\":29,") == NULL);
}

/* On the machine's console, each line that bh prints is a new line of the log. */
static void log_ends_where_it_ended(void)
{
	bench_start_two();
	bench_create("");
	bench_noise();
	BH(0, "info");
	BH(0, "log");
	SAYS("partition alpha: created");
	SAYS("noise ");
	TAP_TEXT(bench_out() + strlen(bench_out()) - 1, "\n");
	BH(0, "log");
	TAP_CHECK(bench_commands() < 60);
}

static const struct tap_case cases[] = {
	{"counts exits", counts_exits},
	{"rates fit counts", rates_fit_counts},
	{"shows a console", shows_a_console},
	{"types what fits", types_what_fits},
	{"tells of an end", tells_of_an_end},
	{"events wrap", events_wrap},
	{"log ends where it ended", log_ends_where_it_ended},
};

TAP_MAIN(cases)
