/* SPDX-License-Identifier: Apache-2.0 */
/* A printf subset: %s %d %u %x %%, l ll z, width (also *), - and, without a sign, 0, precision for
 * %s. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Writes at most size bytes, always terminated when size > 0; returns the length written, without
 * the terminator, so never more than size - 1: long text is cut. */
size_t fmt_format(char *buffer, size_t size, const char *format, va_list arguments);

__attribute__((format(printf, 3, 4))) size_t fmt_print(char *buffer, size_t size,
						       const char *format, ...);
