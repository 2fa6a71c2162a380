/* SPDX-License-Identifier: Apache-2.0 */
/* bh trace: what it shows of the hypervisor's records, as text and as JSON, and how it ends. */
/* Links: @bh tests/host/bh_bench.c tests/host/manage_bench.c */
#include "bh_bench.h"

#include "bits.h"
#include "host/manage_bench.h"
#include "hv/vm.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define BH(expected, ...) TAP_EQUAL(bench_run(__VA_ARGS__), expected)
#define SAYS(text)        TAP_CHECK(bench_says(bench_out(), text))
#define COMPLAINS(text)   TAP_CHECK(bench_says(bench_errors(), text))

#define LATER 60u /* commands after the start of bh */

static uint32_t runs; /* of alpha's vCPU */
static uint32_t stop_at;
static int signal_number;

/* What alpha does at each entry. */
static void on_run(struct vcpu_arch *vcpu)
{
	static const struct {
		uint32_t reason;
		uint32_t event;
		uint64_t info;
	} exits[] = {
		{EXIT_COUNT_CPUID, 0, 0x80000008},
		{EXIT_COUNT_IO, 0, 0x3f8},
		{EXIT_COUNT_WRMSR, 0x80000b0d, 0xc0000103},
		{EXIT_COUNT_MMIO, 0x80000202, 0xfee000b0},
		{EXIT_COUNT_HYPERCALL, 0x40000000, 7},
		{EXIT_COUNT_XSETBV, 0x80000041, 0},
		{EXIT_COUNT_OTHER, 0, 0x99},
		{9999, 0x80000700, 0},
	};
	uint32_t i = runs++ % ARRAY_COUNT(exits);

	fake_clock.tsc += 5000;
	vcpu->pending_event = exits[i].event;
	hv_trace(exits[i].reason, exits[i].info, fake_clock.tsc - 1250);
	vcpu->pending_event = 0;
	vcpu_interrupt(vcpu_from_arch(vcpu), 0x61);
}

static void start_alpha(void)
{
	bench_start_two();
	bench_create("alpha");
	runs = 0;
	fake_vcpus.on_run = on_run;
}

/* --- a strict reader of JSON: returns what is behind a value, or NULL ----------------------------
 */

static const char *value(const char *at, uint32_t depth);

static const char *string(const char *at)
{
	if (*at++ != '"') {
		return NULL;
	}
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < ' ' || (unsigned char)*at > '~' ||
		    (*at == '\\' && strchr("\"\\u", *++at) == NULL)) {
			return NULL;
		}
	}
	return at + 1;
}

static const char *list(const char *at, char end, uint32_t depth)
{
	at++;
	at += strspn(at, "\n");
	if (*at == end) {
		return at + 1;
	}
	for (; at != NULL; at++) {
		at += strspn(at, "\n");
		if (end == '}') {
			at = string(at);
			if (at == NULL || *at++ != ':') {
				return NULL;
			}
		}
		at = value(at, depth + 1);
		if (at == NULL) {
			return NULL;
		}
		at += strspn(at, "\n");
		if (*at == end) {
			return at + 1;
		}
		if (*at != ',') {
			return NULL;
		}
	}
	return NULL;
}

static const char *value(const char *at, uint32_t depth)
{
	size_t digits = strspn(at, "0123456789.");

	if (depth > 8) {
		return NULL;
	}
	if (*at == '{' || *at == '[') {
		return list(at, *at == '{' ? '}' : ']', depth);
	}
	return digits > 0 ? at + digits : string(at);
}

static bool is_json(const char *text)
{
	const char *end = value(text, 0);

	return end != NULL && strcmp(end, "\n") == 0;
}

static const char *read_file(const char *name)
{
	static char text[1 << 20];
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", bench_folder(), name);
	file = fopen(path, "r");
	text[file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0] = '\0';
	if (file != NULL) {
		fclose(file);
	}
	return text;
}

static uint32_t count_of(const char *text, const char *part)
{
	uint32_t count = 0;

	for (; (text = strstr(text, part)) != NULL; text++) {
		count++;
	}
	return count;
}

/* --- cases --------------------------------------------------------------------------------------
 */

static void shows_text(void)
{
	start_alpha();
	BH(0, "trace --text -n 100 alpha");
	SAYS("     SECONDS  CPU  PARTITION        VCPU  MICROSECONDS  WHAT\n");
	SAYS("    1  alpha               0         1.250  cpuid leaf 0x80000008\n");
	SAYS("1.250  io port 0x3f8\n");
	SAYS("1.250  wrmsr MSR 0xc0000103, then #GP general protection\n");
	SAYS("1.250  mmio address 0xfee000b0, then NMI 0x02\n");
	SAYS("1.250  hypercall number 7, then triple fault\n");
	SAYS("1.250  xsetbv, then interrupt 0x41\n");
	SAYS("1.250  other info 0x99\n");
	SAYS("1.250  unknown, then unknown 0x00\n");
	SAYS("                interrupt vector 0x61 to alpha vCPU 0\n");
	TAP_EQUAL(count_of(bench_out(), "\n"), 101);
	COMPLAINS("bh: 100 records in ");
	COMPLAINS(" s, 0 lost\n");
	TAP_CHECK(strstr(bench_out(), "mgmt") == NULL);
}

static void writes_json(void)
{
	const char *text;

	start_alpha();
	BH(0, "trace -o %s/t.json -n 60", bench_folder());
	TAP_TEXT(bench_out(), "");
	text = read_file("t.json");
	TAP_CHECK(is_json(text));
	TAP_CHECK(bench_says(text, "{\"traceEvents\":[\n{\"name\":\"process_name\",\"ph\":\"M\","
				   "\"pid\":2,\"tid\":2,\"args\":{\"name\":\"alpha\"}}\n"
				   ",{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":2,\"tid\":2,"
				   "\"args\":{\"name\":\"CPU 1\"}}\n"));
	TAP_CHECK(bench_says(text, ",{\"name\":\"cpuid\",\"ph\":\"X\",\"pid\":2,\"tid\":2,"
				   "\"cat\":\"exit\",\"ts\":"));
	TAP_CHECK(bench_says(text, ",\"dur\":1.250,\"args\":{\"what\":\"leaf 0x80000008\"}}\n"));
	TAP_CHECK(bench_says(text, ",{\"name\":\"#GP general protection\",\"ph\":\"i\",\"pid\":2,"
				   "\"tid\":2,\"s\":\"t\",\"cat\":\"injection\",\"ts\":"));
	TAP_CHECK(bench_says(text, "\n],\"displayTimeUnit\":\"ns\",\"otherData\":{\"records\":60,"
				   "\"lost\":0}}\n"));
	TAP_EQUAL(count_of(text, "process_name"), 1); /* mgmt's CPU has done commands only */
	TAP_EQUAL(count_of(text, "\"ph\":\"X\""), 30);
	TAP_CHECK(access("t.json.part", F_OK) != 0);
	BH(0, "trace -o - -n 1 alpha"); /* and where the output is no terminal */
	TAP_CHECK(is_json(bench_out()));
	BH(0, "trace -n 1 alpha");
	TAP_CHECK(is_json(bench_out()));
	BH(0, "trace -s 0.01 mgmt"); /* nothing at all */
	TAP_TEXT(bench_out(), "{\"traceEvents\":[\n],\"displayTimeUnit\":\"ns\",\"otherData\":{"
			      "\"records\":0,\"lost\":0}}\n");
}

static void count_lost(struct vcpu_arch *vcpu)
{
	(void)vcpu;
	for (uint32_t i = 0; i < 3000; i++) {
		hv_trace(EXIT_COUNT_CPUID, i, 1);
	}
}

static void says_what_is_lost(void)
{
	start_alpha();
	fake_vcpus.on_run = count_lost;
	BH(0, "trace -n 2046 alpha");
	TAP_CHECK(is_json(bench_out()));
	SAYS("\"records\":2046,\"lost\":");
	TAP_CHECK(strstr(bench_out(), "\"lost\":0") == NULL);
	TAP_CHECK(strstr(bench_errors(), " 0 lost") == NULL);
}

static void stop_alpha(uint32_t number)
{
	if (number == stop_at) {
		TAP_EQUAL(order(MANAGE_STOP, 1, 0, 0), MANAGE_OK);
		TAP_EQUAL(order(MANAGE_STOP, 99, 0, 0), MANAGE_NO_PARTITION);
		TAP_EQUAL(order(77, 1, 0, 0), MANAGE_UNKNOWN);
	}
}

/* Another program's, while the trace runs. */
static void shows_commands(void)
{
	start_alpha();
	fake_vcpus.on_run = NULL;
	stop_at = bench_commands() + LATER;
	bench_hook = stop_alpha;
	BH(0, "trace --text -n 4");
	SAYS("  mgmt                0                command stop alpha: done\n");
	SAYS("  mgmt                0                command stop -: no partition\n");
	SAYS("  mgmt                0                command unknown: unknown\n");
	SAYS("  alpha               0                request stop\n");
}

static void end_it(uint32_t number)
{
	if (number == stop_at) {
		(void)raise(signal_number);
	}
}

static void ends_cleanly(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	char path[256];
	uint32_t used;
	int lock;

	start_alpha();
	used = page_alloc_used();
	fake_vcpus.on_run = NULL;
	bench_hook = end_it;
	for (uint32_t i = 0; i < ARRAY_COUNT(numbers); i++) {
		signal_number = numbers[i];
		stop_at = bench_commands() + LATER;
		BH(0, "trace -o %s/t.json", bench_folder());
		TAP_CHECK(is_json(read_file("t.json")));
		TAP_EQUAL(page_alloc_used(), used);
	}
	TAP_EQUAL(trace_switch(true), MANAGE_OK); /* somebody was killed: it is on, nobody reads */
	BH(0, "trace -s 0.01");
	TAP_CHECK(is_json(bench_out()));
	TAP_EQUAL(page_alloc_used(), used);
	snprintf(path, sizeof(path), "%s/trace.lock", bench_folder());
	lock = open(path, O_RDWR);
	TAP_EQUAL(flock(lock, LOCK_EX), 0);
	BH(1, "trace -s 0.01");
	COMPLAINS("bh: cannot trace: another `bh trace` or `bh stat --cycles` runs; end that one "
		  "first\n");
	close(lock);
	TAP_EQUAL(page_alloc_used(), used);
}

static void refuses(void)
{
	start_alpha();
	BH(3, "trace -o %s/t.json none", bench_folder());
	COMPLAINS("partition none: there is none");
	BH(1, "trace -o %s/none/t.json", bench_folder());
	COMPLAINS("t.json.part: No such file or directory\n");
	BH(1, "trace -s 0.01 -o /dev/full");
	COMPLAINS("bh: cannot write /dev/full: ");
	BH(2, "trace -s 0");
	COMPLAINS("no number of seconds");
	BH(2, "trace -n x");
	BH(2, "trace -o");
	bench_file("t.json", "kept");
	while (page_alloc(1) != NULL) {
	}
	BH(1, "trace -o %s/t.json", bench_folder());
	COMPLAINS("cannot trace: it needs 64 KiB of the hypervisor's pool for each CPU");
	TAP_TEXT(read_file("t.json"), "kept");
	TAP_TEXT(read_file("t.json.part"), "");
}

/* By the trace, which is off again afterwards, and is not taken from who has it. */
static void exits_cost(void)
{
	char path[300];
	int lock;

	start_alpha();
	BH(0, "stat alpha --cycles -i 0.05");
	SAYS("SHARE  CYCLES\n");
	SAYS("100 %    1250\n");
	SAYS("memory 16 MiB, the hypervisor's for it ");
	SAYS("exits took ");
	TAP_CHECK(hv_trace_rings == NULL);
	BH(0, "stat alpha --cycles --json -i 0.05");
	SAYS("\"cycles\":{\"total\":1250.000,\"cpuid\":1250.000");
	SAYS("\"memory\":16777216");
	BH(0, "stat alpha -i 0.01");
	TAP_CHECK(!bench_says(bench_out(), "CYCLES"));
	snprintf(path, sizeof(path), "%s/trace.lock", bench_folder());
	lock = open(path, O_RDWR);
	TAP_EQUAL(flock(lock, LOCK_EX | LOCK_NB), 0);
	BH(1, "stat alpha --cycles");
	COMPLAINS("another `bh trace` or `bh stat --cycles` runs");
	close(lock);
}

static const struct tap_case cases[] = {
	{"shows text", shows_text},
	{"writes JSON", writes_json},
	{"says what is lost", says_what_is_lost},
	{"shows commands", shows_commands},
	{"ends cleanly", ends_cleanly},
	{"refuses", refuses},
	{"exits cost", exits_cost},
};

TAP_MAIN(cases)
