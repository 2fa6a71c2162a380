/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor is told: requests, its command line, and runtimes' errors. */
/* Links: guest/monitor/log_line.c guest/monitor/detach_keys.c guest/monitor/monitor_request.c guest/monitor/monitor_options.c guest/monitor/runtime_error.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "monitor_options.h"
#include "monitor_request.h"
#include "runtime_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static const char *parse(const char *text, struct monitor_request *request)
{
	return monitor_request_parse(text, strlen(text), request);
}

static void requests(void)
{
	static struct monitor_request request;

	TAP_CHECK(!parse("{\"op\":\"start\"}", &request) && request.op == MONITOR_START);
	TAP_CHECK(!parse("{\"op\":\"wait\",\"other\":1}", &request) && request.op == MONITOR_WAIT);
	TAP_CHECK(!parse("{\"op\":\"resize\",\"width\":80,\"height\":65535}", &request));
	TAP_CHECK(request.width == 80 && request.height == 65535);
	TAP_CHECK(!parse("{\"op\":\"attach\",\"stdin\":true,\"input\":\"00ff7a\"}", &request));
	TAP_CHECK(request.attach.with_stdin && !request.attach.with_stdout);
	TAP_CHECK(request.input_length == 3 && memcmp(request.input, "\0\xffz", 3) == 0);
	TAP_EQUAL(request.attach.detach.count, 2);
	TAP_CHECK(!parse("{\"op\":\"attach\",\"stderr\":true,\"detach_keys\":\"x\"}", &request));
	TAP_CHECK(request.attach.detach.count == 1 && request.input_length == 0);
}

static void bad_requests(void)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"\"start\"",
		"{}",
		"{\"op\":null}",
		"{\"op\":\"\"}",
		"{\"op\":\"start\"} x",
		"{\"op\":\"resize\",\"width\":1}",
		"{\"op\":\"resize\",\"width\":-1,\"height\":1}",
		"{\"op\":\"resize\",\"width\":65536,\"height\":1}",
		"{\"op\":\"resize\",\"width\":\"1\",\"height\":1}",
		"{\"op\":\"attach\"}",
		"{\"op\":\"attach\",\"stdout\":\"true\"}",
		"{\"op\":\"attach\",\"stdout\":true,\"detach_keys\":\"ctrl-\"}",
		"{\"op\":\"attach\",\"stdout\":true,\"input\":\"abc\"}",
		"{\"op\":\"attach\",\"stdout\":true,\"input\":\"AB\"}",
		"\xff\xfe",
	};
	static struct monitor_request request;
	static char long_one[2 * MONITOR_INPUT_MAX + 100];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(parse(bad[i], &request));
	}
	int start = sprintf(long_one, "{\"op\":\"attach\",\"stdin\":true,\"input\":\"");
	memset(long_one + start, '0', 2 * MONITOR_INPUT_MAX + 2);
	strcpy(long_one + start + 2 * MONITOR_INPUT_MAX + 2, "\"}");
	TAP_CHECK(parse(long_one, &request));
	strcpy(long_one + start + 2 * MONITOR_INPUT_MAX, "\"}");
	TAP_CHECK(!parse(long_one, &request) && request.input_length == MONITOR_INPUT_MAX);
	for (int round = 0; round < 3000; round++) {
		char text[] = "{\"op\":\"attach\",\"stdin\":true,\"input\":\"00\"}";
		for (uint64_t changes = random_next() % 4; changes; changes--) {
			text[random_next() % (sizeof(text) - 1)] = (char)random_next();
		}
		monitor_request_parse(text, random_next() % sizeof(text), &request);
	}
}

static void errors(void)
{
	static const struct {
		const char *said, *expected;
	} cases[] = {
		{"", ""},
		{"\n\n", ""},
		{"no such file\n", "no such file"},
		{"time=\"x\" level=error msg=\"a \\\"b\\\"\"\n", "a \"b\""},
		{"time=\"x\" level=warning msg=\"w\"\ntime=\"x\" level=error msg=\"e\"\n", "e"},
		{"time=\"x\" level=error msg=\"e\"\nplain words\r\nmore", "plain words\nmore"},
		{"time=\"x\" level=error\n", ""},
		{"bell\a \xff \xc3\xa9\ttab", "bell? ? \xc3\xa9 tab"},
		{"time=\"x\" msg=\"cut\\", "cut\\"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = runtime_error_text(cases[i].said, strlen(cases[i].said));
		TAP_TEXT(text, cases[i].expected);
		free(text);
	}
	static char much[100000];
	memset(much, 'x', sizeof(much));
	char *text = runtime_error_text(much, sizeof(much));
	TAP_EQUAL(strlen(text), RUNTIME_ERROR_MAX);
	free(text);
}

static void options(void)
{
	static const char *const good[] = {
		"bh-monitor", "--id",      "a1",     "--runtime",      "r",   "--bundle",
		"/b",         "--run-dir", "/r",     "--runtime-arg",  "--x", "--runtime-arg",
		"y",          "--attach",  "7:ioe",  "--log-max-file", "3",   "--log-max-size",
		"1000",       "--tty",     "--start"};
	struct monitor_options parsed;
	char *error;
	char *argv[sizeof(good) / sizeof(good[0]) + 1] = {0};

	memcpy(argv, good, sizeof(good));
	TAP_EQUAL(monitor_options_parse(sizeof(good) / sizeof(good[0]), argv, &parsed, &error),
		  OPTIONS_RUN);
	TAP_CHECK(parsed.is_tty && parsed.is_started && !parsed.has_stdin && !parsed.is_stdin_once);
	TAP_CHECK(parsed.runtime_arg_count == 2 && strcmp(parsed.runtime_args[0], "--x") == 0);
	TAP_CHECK(parsed.attach_count == 1 && parsed.attach[0].fd == 7 &&
		  parsed.attach[0].options.with_stdin &&
		  parsed.attach[0].options.detach.count == 2);
	TAP_CHECK(parsed.log_max_file == 3 && parsed.log_max_size == 1000);
	free(parsed.runtime_args);
	argv[2] = (char *)(uintptr_t) "..";
	TAP_EQUAL(monitor_options_parse(sizeof(good) / sizeof(good[0]), argv, &parsed, &error),
		  OPTIONS_BAD);
	free(error);
	free(parsed.runtime_args);
}

static const struct tap_case cases[] = {
	{"requests are understood", requests},
	{"bad requests are refused", bad_requests},
	{"a runtime's words are found", errors},
	{"the command line is understood", options},
};
TAP_MAIN(cases)
