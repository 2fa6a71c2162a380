/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output split into the entries of Docker's json-file log: one JSON object a line, with keys log,
 * stream, time. A line longer than LOG_LINE_MAX becomes several entries, of which the last alone
 * has the "\n"; so the entries put together are the output, byte for byte, except that what is no
 * UTF-8 becomes U+FFFD. No character is cut in two.
 */
#pragma once

#include <stddef.h>
#include "text.h"

#define LOG_LINE_MAX 16384 /* bytes of one entry's text, as Docker has it */

struct log_line {
	struct text part; /* of a line whose end has not come */
};

/* Bytes of the UTF-8 character at the start, 0 when there is none (RFC 3629). length > 0. */
size_t log_line_character(const char *bytes, size_t length);
/* Adds one entry and a newline; `time` is RFC 3339. */
void log_line_entry(struct text *out, const char *stream, const char *time, const char *bytes,
		    size_t length);
/*
 * Takes bytes until an entry is whole; returns how many were used, at least 1 when length > 0.
 * *entry and *entry_length give the entry's text, of length 0 when more bytes are needed. Valid
 * until the next call.
 */
size_t log_line_take(struct log_line *line, const char *bytes, size_t length, const char **entry,
		     size_t *entry_length);
