/* SPDX-License-Identifier: Apache-2.0 */
/* `process.rlimits` of runtime-spec; getrlimit(2). */
#pragma once

#include <sys/types.h>

#include "error.h"
#include "json.h"

/* Sets all of `process`' limits for a process; 0: the caller. Unknown names, a limit named twice
 * and a soft limit above its hard one are errors, before any is set. */
int rlimit_apply(json *process, pid_t pid, struct error *e);
