/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the OCI runtime: create or exec, then start. */
#pragma once

#include "monitor.h"

/* create, or exec for a session; on failure the monitor's phase is PHASE_FAILED. */
void runtime_call_create(struct monitor *monitor);
/* start of a container in PHASE_CREATED. */
void runtime_call_start(struct monitor *monitor);
/* The runtime's process has ended with this wait status. */
void runtime_call_ended(struct monitor *monitor, int status);
/* Its error output has bytes. */
void runtime_call_error_ready(struct monitor *monitor);
