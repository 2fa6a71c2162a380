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
int64_t timestamp_ms(void);
