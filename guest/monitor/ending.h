/* SPDX-License-Identifier: Apache-2.0 */
/* How it began and how it ended: the report on descriptor 3, exit.json, and what comes between. */
#pragma once

#include "monitor.h"

/* One line on descriptor 3, once: the pid, or the error. */
void ending_report(struct monitor *monitor, const char *error);
/* create, exec or start failed; says so to all who wait. What the runtime left is killed. */
void ending_failed(struct monitor *monitor, const char *error);
/* The process's pid is known: if it is no child of ours, watches it otherwise. */
void ending_find_process(struct monitor *monitor);
/* Reaps children; what ends this way is handled. */
void ending_reap(struct monitor *monitor);
/* The process that is no child of ours has ended. */
void ending_lost(struct monitor *monitor);
/* Goes on with the ending where it can. Returns whether a time-out is pending. */
bool ending_tick(struct monitor *monitor, int64_t now_ms);
/* Nothing is left to do. */
bool ending_is_done(const struct monitor *monitor);
