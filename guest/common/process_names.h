/* SPDX-License-Identifier: Apache-2.0 */
/* Names that runtime-spec's process object gives to numbers of the kernel. */
#pragma once

#define CAPABILITY_COUNT 41

/* By number (linux/capability.h), as "CAP_CHOWN". */
extern const char *const capability_names[CAPABILITY_COUNT];

/* RLIMIT_* of "RLIMIT_NOFILE" (getrlimit(2)); -1 for none. */
int rlimit_number(const char *name);
