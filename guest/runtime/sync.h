/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime and the container's first process tell each other while it is made. */
#pragma once

#include "error.h"

enum sync_type {
	SYNC_GO = 'g',      /* to the container: go on */
	SYNC_PID = 'p',     /* from the stage: status is the pid of the first process */
	SYNC_HOOKS = 'h',   /* from it: namespaces and mounts stand, run the hooks of the runtime */
	SYNC_CONSOLE = 'c', /* from it: here is the terminal's master */
	SYNC_READY = 'r',   /* from it: only the start is missing */
	SYNC_ERROR = 'e',   /* from it: text and exit status */
	SYNC_END = 0,       /* the other side has gone */
};

/* Both ends, close-on-exec. */
int sync_pair(int ends[2], struct error *e);
/* `fd` goes along, -1: none. 0, or -1 with errno. */
int sync_send(int end, enum sync_type type, int status, int fd);
void sync_send_error(int end, const struct error *e);
/* Waits. SYNC_ERROR fills `e`; *status and *fd (-1 when none came) may be NULL. */
enum sync_type sync_receive(int end, int *status, int *fd, struct error *e);
/* Waits for SYNC_GO; -1 when the other side has gone. */
int sync_wait_go(int end);
