/* SPDX-License-Identifier: Apache-2.0 */
/* Log levels and macros; log_write() is defined by whoever links. */
#pragma once

#include <stdarg.h>

enum log_level {
	LOG_ERROR,  /* our bug, or a machine that cannot go on */
	LOG_NOTICE, /* a guest's bug, a partition's life cycle */
	LOG_INFO,
	LOG_DEBUG,
};

/* One line without its newline. Formats: see fmt.h. Any context, also NMI: it never blocks for
 * long. */
__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);

#define log_error(...)  log_write(LOG_ERROR, __VA_ARGS__)
#define log_notice(...) log_write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)   log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)  log_write(LOG_DEBUG, __VA_ARGS__)
