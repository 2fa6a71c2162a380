/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reserving host ports. A published port is a rule, which the kernel's sockets do not see: without
 * a bound socket another program could take the same port, or the kernel give it away as a source
 * port. So each published port is bound, never listened on, and the sockets are kept by one small
 * process (`bh-network hold`) for all containers.
 */
#pragma once

#include "request.h"

/* Binds the endpoint's ports; host ports that were open are known afterwards. Descriptors go to
 * *sockets (the caller frees it and closes them). -1 with *failure, nothing bound. */
int port_bind(struct endpoint *endpoint, int **sockets, size_t *count, struct failure *failure);
void port_close(int *sockets, size_t count);

/* The holding process, by RUN/network/ports.sock. Callers hold holder_lock()'s descriptor. */
int holder_lock(const char *run, struct failure *failure);
int holder_keep(const char *run, const char *key, const int *sockets, size_t count,
		struct failure *failure);
/* `key` NULL: all. Nobody holding anything is no error. */
int holder_release(const char *run, const char *key, struct failure *failure);

#define HOLDER_LISTEN_FD  3
#define HOLDER_FDS_MAX    200          /* of a message; SCM_MAX_FD is 253 */
#define HOLDER_SOCKET     "ports.sock" /* in RUN/network */
#define HOLDER_ORDER_SIZE 64
/* Replies. */
#define HOLDER_OK  "ok"
#define HOLDER_END "end" /* done, and the process ends */

/* The process itself; returns its exit status. */
int hold_run(void);
