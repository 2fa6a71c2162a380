/* SPDX-License-Identifier: Apache-2.0 */
/* bh stat, top, console, log, events: what partitions do, and talking to them. */
/* Links: @bh tests/host/bh_bench.c tests/host/manage_bench.c */
#include "bh_bench.h"

#include "console.h"
#include "hv/vm.h"
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

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

/* While the log grows by a line at each look. */
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

/* --- on a terminal -------------------------------------------------------------------------------
 */

static int master;
static uint32_t alarms;
static void (*on_alarm)(uint32_t count);

static void set_window(uint16_t columns, uint16_t rows)
{
	struct winsize is = {.ws_col = columns, .ws_row = rows};

	TAP_EQUAL(ioctl(master, TIOCSWINSZ, &is), 0);
}

static void take_alarm(int number)
{
	(void)number;
	on_alarm(alarms++);
}

/* A terminal of this size, for bh's next runs; every 60 ms the alarm. */
static int open_terminal(uint16_t columns, uint16_t rows, void (*alarm)(uint32_t count))
{
	struct itimerval every = {{0, 60000}, {0, 60000}};
	int terminal;

	master = posix_openpt(O_RDWR | O_NOCTTY);
	TAP_CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	TAP_CHECK(terminal >= 0);
	set_window(columns, rows);
	bench_terminal(terminal);
	alarms = 0;
	on_alarm = alarm;
	signal(SIGALRM, take_alarm);
	TAP_EQUAL(setitimer(ITIMER_REAL, alarm != NULL ? &every : &(struct itimerval){0}, NULL), 0);
	return terminal;
}

/* What bh has drawn. */
static const char *close_terminal(int terminal)
{
	static char text[60000];
	struct pollfd drawn = {.fd = master, .events = POLLIN};
	size_t size = 0;

	TAP_EQUAL(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
	while (size < sizeof(text) - 1 && poll(&drawn, 1, 0) > 0 && (drawn.revents & POLLIN) != 0) {
		ssize_t count = read(master, text + size, sizeof(text) - 1 - size);

		size += count > 0 ? (size_t)count : 0;
	}
	text[size] = '\0';
	bench_terminal(-1);
	close(terminal);
	close(master);
	return text;
}

static uint32_t console_size(void)
{
	return bench_vm(1)->image.pci[PLATFORM_SLOT_CONSOLE].config[0];
}

static void window_changes(uint32_t count)
{
	if (count == 1) {
		TAP_EQUAL(console_size(), 50 << 16 | 132);
		set_window(91, 30);
		raise(SIGWINCH); /* as to the window's programs */
	} else if (count == 3) {
		TAP_EQUAL(write(master, "\x1d", 1), 1);
	}
}

static void consoles_get_the_windows_size(void)
{
	int terminal;

	bench_start_two();
	bench_create("alpha");
	TAP_EQUAL(console_size(), 25 << 16 | 80);
	terminal = open_terminal(132, 50, window_changes);
	BH(0, "console alpha");
	TAP_CHECK(alarms > 3);
	TAP_EQUAL(console_size(), 30 << 16 | 91);
	(void)close_terminal(terminal);
	bench_input("", 0); /* no terminal: nothing is told */
	BH(0, "console alpha");
	TAP_EQUAL(console_size(), 30 << 16 | 91);
}

#define ENTERED "\033[?1049h\033[?25l"
#define LEFT    "\r\n\033[?25h\033[?1049l"

static void check_left(int terminal, const struct termios *before)
{
	struct termios after;

	TAP_EQUAL(tcgetattr(terminal, &after), 0);
	TAP_EQUAL(after.c_lflag, before->c_lflag);
}

/* The length of the longest drawn line. */
static size_t widest(const char *text)
{
	size_t most = 0;

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n' ? 1 : 0;
		most = strcspn(line, "\r\033") > most ? strcspn(line, "\r\033") : most;
	}
	return most;
}

static void grow_and_quit(uint32_t count)
{
	if (count == 1) {
		set_window(100, 40);
		raise(SIGWINCH);
	} else if (count == 3) {
		TAP_EQUAL(write(master, "xq", 2), 2);
	}
}

static void terminate(uint32_t count)
{
	if (count == 1) {
		raise(SIGTERM);
	}
}

static void top_has_the_whole_screen(void)
{
	struct termios before;
	const char *drawn;
	int terminal;

	bench_start_two();
	bench_create("");
	terminal = open_terminal(40, 4, grow_and_quit);
	TAP_EQUAL(tcgetattr(terminal, &before), 0);
	BH(0, "top -i 0.02");
	TAP_CHECK(alarms > 3);
	check_left(terminal, &before);
	drawn = close_terminal(terminal);
	TAP_EQUAL(strncmp(drawn, ENTERED, strlen(ENTERED)), 0);
	TAP_CHECK(strcmp(drawn + strlen(drawn) - strlen(LEFT), LEFT) == 0);
	TAP_CHECK(bench_says(drawn, "\033[1mNAME   STATE    EXITS/S"));
	TAP_CHECK(bench_says(drawn, "\r\nbeta   stopped  "));
	TAP_CHECK(widest(drawn) > 40 && widest(drawn) <= 100);
	terminal = open_terminal(40, 4, terminate);
	BH(0, "top -i 5"); /* a signal does not wait for the time */
	TAP_CHECK(alarms >= 2 && alarms < 40);
	check_left(terminal, &before);
	drawn = close_terminal(terminal);
	TAP_CHECK(strcmp(drawn + strlen(drawn) - strlen(LEFT), LEFT) == 0);
	TAP_CHECK(widest(drawn) <= 40);
	TAP_CHECK(strstr(drawn, "mgmt") == NULL); /* no room for its row */
	terminal = open_terminal(40, 4, NULL);
	BH(0, "top -i 0.01 -n 2");
	(void)close_terminal(terminal);
	BH(0, "top -i 0.01 -n 2"); /* no terminal: tables */
	TAP_CHECK(strchr(bench_out(), '\033') == NULL);
	SAYS("\n\nNAME   STATE ");
}

static const struct tap_case cases[] = {
	{"counts exits", counts_exits},
	{"rates fit counts", rates_fit_counts},
	{"shows a console", shows_a_console},
	{"types what fits", types_what_fits},
	{"tells of an end", tells_of_an_end},
	{"events wrap", events_wrap},
	{"log ends where it ended", log_ends_where_it_ended},
	{"consoles get the window's size", consoles_get_the_windows_size},
	{"top has the whole screen", top_has_the_whole_screen},
};

TAP_MAIN(cases)
