/* SPDX-License-Identifier: Apache-2.0 */
/* `run` and `exec` without --detach: the program stands for the process it started. */
#pragma once

#include <sys/types.h>

/* Before the process starts: no signal gets lost from here on. */
void foreground_begin(void);
/* Hands signals on, and the terminal when `master` is one (else -1), until the child has ended.
 * Returns its exit status, 128 + N for signal N. */
int foreground_wait(pid_t pid, int master);
