/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HostConfig.LogConfig: {"Type": driver, "Config": {option: value}}. Pure. json-file grows without
 * end unless max-size is given; local is the same file, rotated as Docker's local is; none keeps
 * nothing.
 */
#pragma once

#include "json.h"

#include <stdbool.h>
#include <stdint.h>

/* NULL, or what is wrong with it (the caller frees it). */
char *log_options_check(json *log);
/* False: there is no log. *size: bytes, 0 without rotation; *files: how many. Of what was checked.
 */
bool log_options_read(json *log, int64_t *size, int *files);
