/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container must never get hold of the program's file on disk: /proc/PID/exe of a process that
 * enters a container opens it, and the container's root could overwrite it (CVE-2019-5736).
 */
#pragma once

#include <stdbool.h>
#include "error.h"

/* Starts the program again from a sealed copy in memory; returns 0 in the copy, -1 on failure. */
int sealed_enter(char **argv, struct error *e);

/* The entry has found the program on a read-only mount. */
extern bool sealed_from_start;
/* That mount, or -1; close-on-exec. */
extern int sealed_fd;
/* Closes it, which every process that enters a container does first; where it is the last, that
 * takes some time. */
void sealed_release(void);

/* Called by the program's entry, sealed_start.c, with the stack that the kernel made. */
void sealed_early(long *stack);
