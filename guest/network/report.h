/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker convention: JSON lines on descriptor 3, or on 1 when 3 is not open. The last line is
 * {"result":{..}} or {"error":"..","kind":".."}.
 */
#pragma once

#include "json.h"

/* What went wrong; kind is one of the words of the worker convention. */
struct failure {
	const char *kind; /* NULL: nothing */
	char message[512];
};

/* Looks for descriptor 3. Call it before anything is opened. */
void report_init(void);
/* Fills *failure unless it is filled already: the first cause is the one to tell. Returns -1. */
int fail(struct failure *failure, const char *kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* kind by errno: denied, not-found, conflict, no-space, else io. */
const char *fail_kind(int error);
/* {"status":TEXT} */
void report_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Takes the object. Returns the exit status, 0. */
int report_result(json *result);
/* Returns the exit status, 1. A person's copy goes to standard error when that is a terminal. */
int report_failure(const struct failure *failure);
/* For a process that stays: who reads the report sees its end. */
void report_close(void);
