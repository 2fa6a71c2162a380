/* SPDX-License-Identifier: Apache-2.0 */
/* The host test harness, and the check_failed() and log_write() that tested code links with. */
#include "tap.h"

#include "check.h"
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

jmp_buf tap_check_return;

static bool is_check_expected;
static unsigned int failure_count; /* of the running case */

void tap_expect_check(bool is_expected)
{
	is_check_expected = is_expected;
}

void tap_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}

void tap_check(bool is_true, const char *expression, const char *file, int line)
{
	if (!is_true) {
		failure_count++;
		tap_note("%s:%d: failed: %s", file, line, expression);
	}
}

void tap_equal(uint64_t actual, uint64_t expected, const char *expression, const char *file,
	       int line)
{
	if (actual != expected) {
		failure_count++;
		tap_note("%s:%d: %s is %llu (0x%llx), expected %llu (0x%llx)", file, line,
			 expression, (unsigned long long)actual, (unsigned long long)actual,
			 (unsigned long long)expected, (unsigned long long)expected);
	}
}

void tap_text(const char *actual, const char *expected, const char *expression, const char *file,
	      int line)
{
	if (actual == NULL || strcmp(actual, expected) != 0) {
		failure_count++;
		tap_note("%s:%d: %s is \"%s\"", file, line, expression, actual ? actual : "(null)");
		tap_note("  expected \"%s\"", expected);
	}
}

int tap_run(const struct tap_case *cases, size_t count)
{
	bool has_failed = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		failure_count = 0;
		cases[i].run();
		printf("%s %zu - %s\n", failure_count == 0 ? "ok" : "not ok", i + 1, cases[i].name);
		has_failed |= failure_count != 0;
	}
	return has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Weak: a test may bring its own. */
__attribute__((weak)) _Noreturn void check_failed(const char *expression, const char *file,
						  int line)
{
	if (is_check_expected) {
		is_check_expected = false;
		longjmp(tap_check_return, 1);
	}
	fflush(stdout);
	fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, expression);
	abort();
}

__attribute__((weak)) void log_write(enum log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("# log %d: ", (int)level);
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}
