/* SPDX-License-Identifier: Apache-2.0 */
#include "timestamp.h"

#include <stdio.h>
#include <string.h>

#define DAY_SECONDS 86400
#define ERA_DAYS    146097           /* 400 years of the Gregorian calendar */
#define EPOCH_DAY   UINT64_C(719468) /* 1970-01-01, counted from 0000-03-01 */

/*
 * By hand, because gmtime_r() and strftime() first read the time zone's file. Years start in March
 * here, so that the leap day is the last of one.
 */
void timestamp_format(const struct timespec *time, char out[TIMESTAMP_SIZE])
{
	char text[64]; /* room for any numbers, though these are short */
	const uint64_t before = EPOCH_DAY * DAY_SECONDS;
	uint64_t seconds = time->tv_sec < -(int64_t)before ? 0 : (uint64_t)time->tv_sec + before;
	uint64_t days = seconds / DAY_SECONDS;
	unsigned int second = (unsigned int)(seconds % DAY_SECONDS);
	unsigned int day = (unsigned int)(days % ERA_DAYS);
	unsigned int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned int day_of_year = day - (365 * year + year / 4 - year / 100);
	unsigned int month = (5 * day_of_year + 2) / 153;
	uint64_t full_year = days / ERA_DAYS * 400 + year + (month >= 10);

	snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ",
		 (unsigned int)(full_year % 10000), month < 10 ? month + 3 : month - 9,
		 day_of_year - (153 * month + 2) / 5 + 1, second / 3600, second / 60 % 60,
		 second % 60, (unsigned int)time->tv_nsec % 1000000000u);
	memcpy(out, text, TIMESTAMP_SIZE - 1);
	out[TIMESTAMP_SIZE - 1] = '\0';
}

void timestamp_now(char out[TIMESTAMP_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	timestamp_format(&now, out);
}
