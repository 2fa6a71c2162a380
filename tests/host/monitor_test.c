/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's pure parts: frames, log entries, detach keys, queue, times. */
/* Links: guest/common/attach_frame.c guest/monitor/log_line.c guest/monitor/detach_keys.c guest/monitor/client_queue.c guest/common/timestamp.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "attach_frame.h"
#include "client_queue.h"
#include "detach_keys.h"
#include "json.h"
#include "log_line.h"
#include "timestamp.h"

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

static void frames(void)
{
	unsigned char header[ATTACH_FRAME_SIZE];
	static const unsigned char expected[] = {2, 0, 0, 0, 0x01, 0x02, 0x03, 0x04};

	attach_frame_header(ATTACH_STDERR, 0x01020304, header);
	TAP_CHECK(memcmp(header, expected, sizeof(expected)) == 0);
}

static void times(void)
{
	char text[TIMESTAMP_SIZE];

	timestamp_format(&(struct timespec){1700000000, 5}, text);
	TAP_TEXT(text, "2023-11-14T22:13:20.000000005Z");
	timestamp_format(&(struct timespec){0, 999999999}, text);
	TAP_TEXT(text, "1970-01-01T00:00:00.999999999Z");
	for (int64_t seconds = -4000000000; seconds < 4000000000; seconds += 7919 * 61) {
		char expected[TIMESTAMP_SIZE];
		struct tm parts;
		time_t moment = seconds;
		gmtime_r(&moment, &parts);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000007Z", &parts);
		timestamp_format(&(struct timespec){seconds, 7}, text);
		TAP_TEXT(text, expected);
	}
	timestamp_format(&(struct timespec){INT64_MAX, 0}, text);
	TAP_CHECK(strlen(text) < TIMESTAMP_SIZE);
}

static void queue(void)
{
	struct client_queue bytes = {0};
	unsigned char added = 0;
	unsigned char taken = 0;
	size_t waiting = 0;

	for (int round = 0; round < 3000; round++) {
		char piece[5000];
		size_t length = random_next() % sizeof(piece);
		for (size_t i = 0; i < length; i++) {
			piece[i] = (char)added++;
		}
		client_queue_add(&bytes, piece, length);
		waiting += length;
		size_t count = random_next() % (waiting + 1);
		bool is_right = true;
		for (size_t i = 0; i < count; i++) {
			is_right &= client_queue_bytes(&bytes)[i] == (char)taken++;
		}
		client_queue_take(&bytes, count);
		waiting -= count;
		TAP_CHECK(is_right && bytes.length == waiting);
	}
	client_queue_free(&bytes);
	TAP_CHECK(!bytes.data);
}

/* What the keys make of the input, in pieces of `step` bytes. */
static char *filtered(const char *keys, const char *input, size_t step, bool *is_detached)
{
	struct detach_keys detach;
	struct text result = {0};
	char out[256];

	TAP_CHECK(detach_keys_parse(keys, &detach));
	*is_detached = false;
	text_puts(&result, "");
	for (size_t i = 0; i < strlen(input) && !*is_detached; i += step) {
		size_t length = strlen(input + i) < step ? strlen(input + i) : step;
		text_add(&result, out,
			 detach_keys_filter(&detach, input + i, length, out, is_detached));
	}
	return result.data;
}

static void detaches(void)
{
	static const struct {
		const char *keys, *input, *output;
		bool is_detached;
	} cases[] = {
		{"ctrl-p,ctrl-q",
		 "ab\x10\x11"
		 "cd",
		 "ab", true},
		{"ctrl-p,ctrl-q", "a\x10z\x11", "a\x10z\x11", false},
		{"ctrl-p,ctrl-q", "\x10\x10\x11", "\x10", true},
		{"ctrl-p,ctrl-q", "x\x10", "x", false},
		{"a,a,b", "aaab", "a", true},
		{"a,b,a,c", "ababac", "ab", true},
		{"a,b,a,c", "abad", "abad", false},
		{"x", "yx", "y", true},
		{"", "x\x10\x11", "x\x10\x11", false},
		{"DEL,ctrl-@", "\x7f-", "\x7f-", false},
		{"ctrl-_,ctrl-[,ctrl-\\", "\x1f\x1b\x1c", "", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t step = 1; step < 8; step++) {
			bool is_detached;
			char *output = filtered(cases[i].keys, cases[i].input, step, &is_detached);
			TAP_TEXT(output, cases[i].output);
			TAP_EQUAL(is_detached, cases[i].is_detached);
			free(output);
		}
	}
}

static void bad_keys(void)
{
	static const char *const bad[] = {",",
					  "a,",
					  "ctrl-",
					  "ctrl-A",
					  "ctrl-1",
					  "ctrl-pp",
					  "shift-a",
					  "ctrl-p,,",
					  "ctrl-`",
					  "\xc3\xa9",
					  "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"};
	struct detach_keys detach;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(!detach_keys_parse(bad[i], &detach));
		TAP_EQUAL(detach.count, 0);
	}
	TAP_CHECK(detach_keys_parse("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", &detach));
	TAP_EQUAL(detach.count, DETACH_KEYS_MAX);
}

static void escapes(void)
{
	struct text out = {0};

	log_line_entry(&out, "stderr", "T", "\"\\\b\t\n\r\x7f<>&/\xe2\x80\xa8\xe2\x80\xa9\xff", 18);
	TAP_TEXT(out.data, "{\"log\":\"\\\"\\\\\\u0008\\t\\n\\r\\u007f\\u003c\\u003e\\u0026/"
			   "\\u2028\\u2029\\ufffd\",\"stream\":\"stderr\",\"time\":\"T\"}\n");
	text_free(&out);
}

static void characters(void)
{
	static const struct {
		const char *bytes;
		size_t length, expected;
	} cases[] = {
		{"a", 1, 1},
		{"\0", 1, 1},
		{"\xc3\xa9", 2, 2},
		{"\xc3", 1, 0},
		{"\xc3\x28", 2, 0},
		{"\xc0\x80", 2, 0},
		{"\xe2\x82\xac", 3, 3},
		{"\xe0\x9f\xbf", 3, 0},
		{"\xed\xa0\x80", 3, 0},
		{"\xf0\x9f\x98\x80", 4, 4},
		{"\xf0\x8f\xbf\xbf", 4, 0},
		{"\xf4\x90\x80\x80", 4, 0},
		{"\xf5\x80\x80\x80", 4, 0},
		{"\x80", 1, 0},
		{"\xff\xff", 2, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		TAP_EQUAL(log_line_character(cases[i].bytes, cases[i].length), cases[i].expected);
	}
}

/* Puts `bytes` through in pieces of random size; every entry is checked, their sum is returned. */
static struct text split(const char *bytes, size_t length, size_t piece_max)
{
	struct log_line line = {0};
	struct text sum = {0};

	for (size_t at = 0; at < length;) {
		size_t piece = 1 + random_next() % piece_max;
		piece = piece < length - at ? piece : length - at;
		for (size_t used = 0; used < piece;) {
			const char *entry;
			size_t entry_length;
			size_t count = log_line_take(&line, bytes + at + used, piece - used, &entry,
						     &entry_length);
			TAP_CHECK(count > 0 && count <= piece - used);
			TAP_CHECK(entry_length <= LOG_LINE_MAX);
			if (entry_length) {
				const char *end = memchr(entry, '\n', entry_length);
				TAP_CHECK(end ? end == entry + entry_length - 1
					      : entry_length >= LOG_LINE_MAX - 3);
				text_add(&sum, entry, entry_length);
			}
			used += count;
		}
		at += piece;
	}
	text_add(&sum, line.part.data ? line.part.data : "", line.part.length);
	text_free(&line.part);
	return sum;
}

static void splits(void)
{
	struct text bytes = {0};

	for (int round = 0; round < 40; round++) {
		bytes.length = 0;
		size_t rarity = 1 + random_next() % 60000;
		for (int i = 0; i < 100000; i++) {
			char byte = random_next() % rarity ? (char)random_next() : '\n';
			text_add(&bytes, &byte, 1);
		}
		struct text sum = split(bytes.data, bytes.length, 1 + random_next() % 70000);
		TAP_CHECK(sum.length == bytes.length &&
			  memcmp(sum.data, bytes.data, sum.length) == 0);
		text_free(&sum);
	}
	text_free(&bytes);
}

/* Any bytes give one line of JSON whose text has as many characters as it should. */
static void any_bytes(void)
{
	for (int round = 0; round < 2000; round++) {
		char bytes[64];
		struct text out = {0};
		const char *error;
		size_t length = random_next() % sizeof(bytes);
		for (size_t i = 0; i < length; i++) {
			bytes[i] = (char)(random_next() % 3 ? random_next()
							    : 0x80 + random_next() % 3);
		}
		log_line_entry(&out, "stdout", "T", bytes, length);
		TAP_EQUAL((size_t)((char *)memchr(out.data, '\n', out.length) - out.data),
			  out.length - 1);
		json *object = json_parse(out.data, out.length - 1, &error);
		TAP_CHECK(json_get_string(object, "log", NULL));
		json_object_put(object);
		text_free(&out);
	}
}

static const struct tap_case cases[] = {
	{"frames have stream and length", frames},
	{"times are RFC 3339 with nine digits", times},
	{"a queue keeps order over any additions and takings", queue},
	{"detach keys are found over packets; what is no sequence passes", detaches},
	{"what is no list of keys is refused", bad_keys},
	{"log entries escape as Docker's", escapes},
	{"UTF-8 is told from what is none", characters},
	{"output split into entries is the same output", splits},
	{"any bytes give a valid entry", any_bytes},
};
TAP_MAIN(cases)
