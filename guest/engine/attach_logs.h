/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has logged before, for a client that attaches with `logs`. */
#pragma once

#include "container.h"

/* `fd` is the connection, the callback's; -1: the client has gone. */
typedef void (*attach_logs_fn)(void *context, int fd);
/* Writes the log as it stands into `fd`, which is taken, at the client's pace. `flags` as of
 * struct attach: o, e: which streams; r: without frames. The callback comes later, once. */
void attach_logs_send(struct container *container, int fd, const char *flags, attach_logs_fn done,
		      void *context);
