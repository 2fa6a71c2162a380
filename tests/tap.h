/* SPDX-License-Identifier: Apache-2.0 */
/* Host test harness: named cases, checks that go on after a failure, TAP on standard output. */
#pragma once

#include "str.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tap_case {
	const char *name;
	void (*run)(void);
};

/* Runs every case; the value is main's: 0 when all passed. */
int tap_run(const struct tap_case *cases, size_t count);
#define TAP_MAIN(cases)                                                                            \
	int main(void)                                                                             \
	{                                                                                          \
		return tap_run((cases), sizeof(cases) / sizeof((cases)[0]));                       \
	}

void tap_check(bool is_true, const char *expression, const char *file, int line);
void tap_equal(uint64_t actual, uint64_t expected, const char *expression, const char *file,
	       int line);
void tap_text(const char *actual, const char *expected, const char *expression, const char *file,
	      int line);

/* Evaluate once; a failure marks the case and names the place, and the case goes on. */
#define TAP_CHECK(expression) tap_check((expression), #expression, __FILE__, __LINE__)
#define TAP_EQUAL(actual, expected)                                                                \
	tap_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE__, __LINE__)
#define TAP_TEXT(actual, expected) tap_text((actual), (expected), #actual, __FILE__, __LINE__)

/*
 * Passes when the statement runs into a failing CHECK. Locks and the like taken by the statement
 * stay as they were at that moment.
 */
extern jmp_buf tap_check_return;
void tap_expect_check(bool is_expected);
#define TAP_DIES(statement)                                                                        \
	do {                                                                                       \
		tap_expect_check(true);                                                            \
		if (setjmp(tap_check_return) == 0) {                                               \
			statement;                                                                 \
			tap_check(false, "dies: " #statement, __FILE__, __LINE__);                 \
		} else {                                                                           \
			tap_check(true, "dies: " #statement, __FILE__, __LINE__);                  \
		}                                                                                  \
		tap_expect_check(false);                                                           \
	} while (0)

/* Comment line in the output. */
__attribute__((format(printf, 1, 2))) void tap_note(const char *format, ...);
