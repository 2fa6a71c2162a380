/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker says: JSON lines on descriptor 3 (1 when 3 is not open and standard output carries
 * no data), the last of them {"result":..} or {"error":..,"kind":..}; and what it is asked: one
 * JSON object on descriptor 4. A worker does one thing: whatever fails ends the process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "json.h"

enum fail_kind {
	FAIL_NOT_FOUND,
	FAIL_DENIED,
	FAIL_LOGIN,
	FAIL_DIGEST,
	FAIL_CONFLICT,
	FAIL_BAD_INPUT,
	FAIL_NO_SPACE,
	FAIL_IO,
	FAIL_UNAVAILABLE,
};

/* To be called before any descriptor is opened. `has_data`: standard output is the command's data.
 */
void report_start(bool has_data);
/* The request, {} when there is none. Owned here. */
json *report_request(void);
/* Put before each error: `cannot pull x:1`. */
void report_doing(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* {"status":status,"id":id,"progressDetail":{..}}; id NULL: status alone; total 0: without figures.
 */
void report_progress(const char *status, const char *id, uint64_t current, uint64_t total);
/* Writes the result, which it takes; the caller then ends with 0. */
void report_result(json *result);
_Noreturn void fail(enum fail_kind kind, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same with the words of errno, and the kind that follows from it. */
_Noreturn void fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* pipe2(), or the end. */
void report_pipe(int ends[2]);
/* fork() for a part of the work that feeds this one through a pipe. Returns 0 in the child, which
 * ends by exit(); what it fails with is reported by the parent, before anything of its own. One at
 * a time. */
pid_t report_fork(void);
/* Waits for the child; ends the process when it failed. */
void report_join(void);
