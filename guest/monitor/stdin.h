/* SPDX-License-Identifier: Apache-2.0 */
/* Input of the container's process: from the clients to its pipe or terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "monitor.h"

/* Takes over the writing end of a pipe or a terminal's master; before that, input is kept. */
void stdin_open(struct monitor *monitor, int fd);
/* Whether clients are to be read. */
bool stdin_has_room(const struct monitor *monitor);
/* Keeps the bytes until the process takes them; drops them when it has closed its input. */
void stdin_put(struct monitor *monitor, const char *bytes, size_t length);
/* No more comes: the process sees the end after what is queued. Nothing with a terminal. */
void stdin_end(struct monitor *monitor);
void stdin_ready(struct monitor *monitor, uint32_t events);
void stdin_close(struct monitor *monitor);
