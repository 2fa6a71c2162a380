/* SPDX-License-Identifier: Apache-2.0 */
#include "timestamp.h"

#include <stdio.h>

void timestamp_format(const struct timespec *time, char out[TIMESTAMP_SIZE])
{
	struct tm parts = {0};
	char seconds[20];

	gmtime_r(&time->tv_sec, &parts);
	if (strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
		snprintf(seconds, sizeof(seconds), "0001-01-01T00:00:00");
	}
	snprintf(out, TIMESTAMP_SIZE, "%s.%09uZ", seconds,
		 (unsigned int)time->tv_nsec % 1000000000u);
}

void timestamp_now(char out[TIMESTAMP_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	timestamp_format(&now, out);
}

int64_t timestamp_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
