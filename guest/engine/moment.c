/* SPDX-License-Identifier: Apache-2.0 */
#include "moment.h"
#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS_MAX INT64_C(9000000000)

int64_t moment_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * MOMENT_SECOND + now.tv_nsec;
}

const char *moment_text(int64_t moment, char text[MOMENT_TEXT])
{
	struct timespec time = {(time_t)(moment / MOMENT_SECOND), (long)(moment % MOMENT_SECOND)};

	if (moment <= 0) {
		strcpy(text, "0001-01-01T00:00:00Z");
		return text;
	}
	timestamp_format(&time, text);
	return text;
}

json *moment_json(int64_t moment)
{
	char text[MOMENT_TEXT];

	return json_object_new_string(moment_text(moment, text));
}

/* ".5" is 500000000; moves *text behind it. */
static int64_t parse_fraction(const char **text)
{
	int64_t unit = MOMENT_SECOND;
	int64_t value = 0;

	if (**text != '.') {
		return 0;
	}
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
		unit /= 10;
		value += unit * (**text - '0');
	}
	return value;
}

/* Z, +02:00, or nothing. */
static bool parse_zone(const char *text, int64_t *offset)
{
	int hours;
	int minutes;
	int end = 0;

	*offset = 0;
	if (!*text || !strcmp(text, "Z")) {
		return true;
	}
	if ((*text != '+' && *text != '-') ||
	    sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 || text[1 + end]) {
		return false;
	}
	*offset = (hours * 3600 + minutes * 60) * MOMENT_SECOND;
	*offset = *text == '-' ? -*offset : *offset;
	return true;
}

static bool parse_date(const char *text, int64_t *moment)
{
	struct tm parts;
	int64_t offset;
	const char *rest;

	memset(&parts, 0, sizeof(parts));
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
	if (!rest) {
		memset(&parts, 0, sizeof(parts));
		rest = strptime(text, "%Y-%m-%dT%H:%M", &parts);
	}
	if (!rest) {
		memset(&parts, 0, sizeof(parts));
		rest = strptime(text, "%Y-%m-%d", &parts);
	}
	if (!rest) {
		return false;
	}
	int64_t fraction = parse_fraction(&rest);
	if (!parse_zone(rest, &offset)) {
		return false;
	}
	int64_t seconds = timegm(&parts);
	if (seconds > SECONDS_MAX) {
		return false;
	}
	/* Before 1970 is the beginning: Go's zero time is of the year 1. */
	*moment = seconds < 0 ? 0 : seconds * MOMENT_SECOND + fraction - offset;
	return true;
}

bool duration_parse(const char *text, int64_t *nanoseconds)
{
	static const struct {
		const char *unit;
		int64_t length;
	} units[] = {
		{"ms", 1000000},
		{"us", 1000},
		{"ns", 1},
		{"h", 3600 * MOMENT_SECOND},
		{"m", 60 * MOMENT_SECOND},
		{"s", MOMENT_SECOND},
	};
	double total = 0;

	if (!*text) {
		return false;
	}
	while (*text) {
		char *end;
		double number = strtod(text, &end);
		size_t i = 0;
		if (end == text || !(number >= 0 && number < 1e9)) {
			return false;
		}
		while (i < 6 && strncmp(end, units[i].unit, strlen(units[i].unit)) != 0) {
			i++;
		}
		if (i == 6) {
			return false;
		}
		total += number * (double)units[i].length;
		text = end + strlen(units[i].unit);
	}
	if (total > 9e18) {
		return false;
	}
	*nanoseconds = (int64_t)total;
	return true;
}

bool moment_parse(const char *text, int64_t now, int64_t *moment)
{
	int64_t back;
	char *end;

	if (*text >= '0' && *text <= '9') {
		long long seconds = strtoll(text, &end, 10);
		const char *rest = end;
		int64_t fraction = parse_fraction(&rest);
		if (!*rest && seconds < SECONDS_MAX) {
			*moment = seconds * MOMENT_SECOND + fraction;
			return true;
		}
	}
	if (duration_parse(text, &back)) {
		*moment = now - back;
		return true;
	}
	return parse_date(text, moment);
}
