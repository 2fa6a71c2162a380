/* SPDX-License-Identifier: Apache-2.0 */
/* Moments: nanoseconds since 1970, and how the API writes them. */
#pragma once

#include "json.h"

#include <stdbool.h>
#include <stdint.h>

#define MOMENT_SECOND INT64_C(1000000000)
#define MOMENT_TEXT   36

int64_t moment_now(void);
/* 2026-11-26T07:44:52.123456789Z; 0 is Docker's zero time, 0001-01-01T00:00:00Z. Returns `text`. */
const char *moment_text(int64_t moment, char text[MOMENT_TEXT]);
json *moment_json(int64_t moment);
/*
 * What `since` and `until` accept: seconds with a fraction (1700000000.5), RFC 3339 with a zone or
 * in UTC without one, a date, or a duration (1h30m, 10s) back from `now`. False: none of these.
 */
bool moment_parse(const char *text, int64_t now, int64_t *moment);
/* 1h30m, 1.5s, 100ms */
bool duration_parse(const char *text, int64_t *nanoseconds);
