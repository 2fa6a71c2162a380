/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attached clients. Each has its own queue of output. A client that is slow holds the container's
 * output back, as with Docker, as long as it takes something every now and then; one that takes
 * nothing for options.hold_ms no longer does, and is dropped when too much waits for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "attach_frame.h"
#include "monitor.h"

/* Takes the descriptor over, also on failure. NULL, or why not: a constant. */
const char *clients_attach(struct monitor *monitor, int fd, const struct attach_options *options);
void clients_output(struct monitor *monitor, enum attach_stream stream, const char *bytes,
		    size_t length);
void clients_ready(struct monitor *monitor, uint32_t slot, uint32_t events);
/* Whether some client wants output to be held back. */
bool clients_hold(const struct monitor *monitor);
/* The process's input has room, or has not: reads clients accordingly. */
void clients_input_flow(struct monitor *monitor);
/* No more output comes: all clients get what is queued and the end. */
void clients_finish(struct monitor *monitor);
/* Time-outs. Returns whether some are pending. */
bool clients_tick(struct monitor *monitor, int64_t now_ms);
bool clients_are_left(const struct monitor *monitor);
