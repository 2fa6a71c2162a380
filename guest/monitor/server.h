/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.sock: requests of the engine and their replies, see README.md. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "monitor.h"

/* Binds and listens; -1 with errno, EADDRINUSE when a monitor of this container lives. */
int server_open(struct monitor *monitor);
/* Takes one connection; false when none waits. */
bool server_accept(struct monitor *monitor);
void server_ready(struct monitor *monitor, uint32_t slot, uint32_t events);
bool server_waits_for_start(const struct monitor *monitor);
/* Answers those who wait for the start: NULL or the error. */
void server_started(struct monitor *monitor, const char *error);
/* Removes the socket, so that the next monitor of the container can have it, and answers those who
 * have asked. */
void server_ended(struct monitor *monitor);
