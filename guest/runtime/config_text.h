/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json without its longest part: linux.seccomp is not parsed where the cache holds the
 * filter of that very text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "json.h"
#include "seccomp_filter.h"

/* The bytes of the value of linux.seccomp, an object. False where there is none, or where the text
 * is not plain enough to tell: a name twice or with an escape. What is no JSON may give anything.
 */
bool config_seccomp_text(const char *text, size_t length, const char **begin, size_t *size);

/* As json_parse(). When *filter comes back with code, it is that of linux.seccomp, which is empty
 * in the result. `cache_dir` as for seccomp_load_filter(). */
json *config_parse(const char *text, size_t length, const char *cache_dir,
		   struct seccomp_filter *filter, const char **error);
