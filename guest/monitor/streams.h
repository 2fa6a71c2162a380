/* SPDX-License-Identifier: Apache-2.0 */
/* Output of the container's process: from its pipes or terminal to the log and the clients. */
#pragma once

#include <stdbool.h>
#include "monitor.h"

/* Takes over the reading end of a pipe, or a terminal's master. */
void streams_open(struct monitor *monitor, uint32_t slot, int fd);
void streams_ready(struct monitor *monitor, uint32_t slot);
/* Holds output back or lets it go on, as the clients want it now. */
void streams_flow(struct monitor *monitor);
/* The runtime has ended: error output so far was the container's. */
void streams_release_early(struct monitor *monitor);
/* After the process's end: takes what is there. */
void streams_drain(struct monitor *monitor);
bool streams_are_open(const struct monitor *monitor);
/* Ends them, whoever still has them open. */
void streams_close(struct monitor *monitor);
