/* SPDX-License-Identifier: Apache-2.0 */
/* Results: PASS, FAIL and SKIP lines, the final DONE, and the end of the partition. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trap_frame;

/* Names of the checks that follow start with `test.`. */
void report_begin(const char *test);

void report_true(const char *check, bool is_true);
void report_equal(const char *check, uint64_t got, uint64_t want);
/* got: what trap_try() gave; want: a vector, or TRAP_NONE. */
void report_trap(const char *check, int got, int want);
void report_range(const char *check, uint64_t got, uint64_t low, uint64_t high);

__attribute__((format(printf, 2, 3))) void report_fail(const char *check, const char *format, ...);
void report_skip(const char *check, const char *why);

/* false, with a SKIP line, where there is no Bulkhead below. */
bool report_needs_bulkhead(const char *check);

uint32_t report_failed_count(void);

/* Prints DONE and powers the partition off. */
_Noreturn void report_done(void);

/* Prints the state at an unexpected exception as a FAIL, then as report_done(). */
_Noreturn void report_crash(const struct trap_frame *frame);
