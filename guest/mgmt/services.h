/* SPDX-License-Identifier: Apache-2.0 */
/* The services: started, watched, started again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVICE_NAME_SIZE 32

/* A service that runs `argv` (copied). `tty` as process_start's; one with a tty is never given up.
 */
void services_add(const char *name, char *const argv[], const char *tty);

/* One for each program in `folder`, in the order of their names. */
void services_add_folder(const char *folder);

/* Starts what is due. Returns milliseconds until something is due next, -1 for never. */
int services_run(void);

/* A child has ended; returns false when it is none of the services. */
bool services_ended(pid_t pid, int status);
