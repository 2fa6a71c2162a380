/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals of containers. */
#pragma once

#include "error.h"
#include "json.h"

/* Connects to the Unix socket that waits for the terminal's master. */
int console_connect(const char *path, struct error *e);
/* Opens a new pair on the devpts of `root` (/dev/pts/ptmx): checked to be one. Gives the master;
 * *slave is its other end. `size` is process.consoleSize or NULL. */
int console_open(int root, json *size, int *slave, struct error *e);
/* Binds the slave over /dev/console. */
int console_bind(int root, int slave, struct error *e);
/* Hands the master over, with the slave's name as runc sends it. */
int console_send(int socket, int master, struct error *e);
/* New session, controlling terminal, standard input, output and error. */
int console_take(int slave, struct error *e);

/* Copies between the caller's terminal and the master until the process ends. */
int console_relay(int master, int pidfd);
