/* SPDX-License-Identifier: Apache-2.0 */
/* Starting programs with a clean signal mask, a session of their own, and known files 0, 1 and 2.
 */
#pragma once

#include <sys/types.h>

/* Milliseconds since the kernel started. */
unsigned long long process_now_ms(void);

/*
 * Starts argv[0], found by PATH. `tty`: a terminal that becomes its controlling one, or NULL; then
 * its output is appended to the file `log`, or dropped when that is NULL too. Returns the pid, -1
 * when there is no process left (said).
 */
pid_t process_start(char *const argv[], const char *tty, const char *log);

/* The same, with init's console as output, and waits. Returns the exit status, -1 for any other
 * end. */
int process_run(char *const argv[]);
