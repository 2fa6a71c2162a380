/* SPDX-License-Identifier: Apache-2.0 */
/* Times: RFC 3339 in UTC with nine digits of a second, and a monotonic clock for time-outs. */
#pragma once

#include <stdint.h>
#include <time.h>

#define TIMESTAMP_SIZE 31 /* with the NUL */

void timestamp_format(const struct timespec *time, char out[TIMESTAMP_SIZE]);
/* Of this moment. */
void timestamp_now(char out[TIMESTAMP_SIZE]);
/* Milliseconds since some moment in the past; not set back by anybody. */
static inline int64_t timestamp_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
