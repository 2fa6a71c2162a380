/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console socket, through which an OCI runtime sends the master of the process's terminal
 * (runc, docs/terminals.md, "Detached"), and the terminal's size.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "monitor.h"

/*
 * A Unix socket of this type, bound to NAME in the run directory and listening; what was there is
 * replaced. The directory's path may be longer than a socket's address. -1 with errno.
 */
int console_listen_at(const struct monitor *monitor, const char *name, int type);
/* Listens. *path is for the runtime; the caller frees it. -1 with errno. */
int console_open(struct monitor *monitor, char **path);
void console_ready(struct monitor *monitor);
/* The runtime has ended: whether the terminal is here. */
bool console_is_here(struct monitor *monitor);
/* Now, or as soon as there is a terminal. NULL, or why not: a constant. */
const char *console_resize(struct monitor *monitor, uint16_t width, uint16_t height);
void console_close(struct monitor *monitor);
