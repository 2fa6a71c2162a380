/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, ending and removing containers. Callbacks are called exactly once, maybe before the
 * function returns. */
#pragma once

#include "container.h"

/* NULL: done. Else an HTTP status goes with the words (304: nothing to do). */
typedef void (*life_done_fn)(void *context, const char *error, unsigned status);

/* Calls `done` with words made by the format. */
void life_fail(life_done_fn done, void *context, unsigned status, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A life_done_fn where nobody waits: an error is logged. */
void life_log(void *context, const char *error, unsigned status);

/* container_start.c */
void container_start(struct container *container, life_done_fn done, void *context);
/* container_end.c: waits for the end of its process, which runs under a monitor. */
void container_follow(struct container *container);
/* Cleans up after a process that has ended (or never ran), then does what the restart policy says.
 */
struct monitor_end;
void container_ended(struct container *container, const struct monitor_end *end);

/* container_stop.c */
void container_kill(struct container *container, int signal_number, life_done_fn done,
		    void *context);
/* The stop signal, and SIGKILL after that many seconds (-1: the container's own time). */
void container_stop(struct container *container, int64_t seconds, life_done_fn done, void *context);

/* container_remove.c. It must not run, unless `force`. */
void container_remove(struct container *container, bool force, bool with_volumes, life_done_fn done,
		      void *context);

/* container_wait.c */
enum wait_condition { WAIT_NOT_RUNNING, WAIT_NEXT_EXIT, WAIT_REMOVED };
typedef void (*wait_fn)(void *context, int code);
/* The waiter is owned by the container, and gone when it was called. */
struct waiter *container_wait_add(struct container *container, enum wait_condition condition,
				  wait_fn done, void *context);
void container_wait_drop(struct container *container, struct waiter *waiter);
/* After an exit (is_removed false) or a removal. */
void container_wait_wake(struct container *container, bool is_removed);

/* How long until the next try of a restart policy: 100 ms, doubled up to a minute; from the start
 * again when it ran for 10 s. Pure. */
int64_t restart_next_delay(int64_t delay, int64_t ran_nanoseconds);
bool restart_is_wanted(enum restart_policy policy, int max, int count, int code, bool by_hand);
