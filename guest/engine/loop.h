/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's one thread: descriptors, timers and children, each with a callback. Nothing that a
 * callback does may block. All return NULL or -1 with errno on failure; what they return is owned
 * by the loop and valid until removed (timers and children: until their callback ran).
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct loop_fd;
struct loop_timer;
struct loop_child;

/* `events` are epoll's, EPOLLERR and EPOLLHUP always among them. */
typedef void (*loop_fd_fn)(void *context, uint32_t events);
typedef void (*loop_timer_fn)(void *context);
/* Exit status, 128 + N for signal N. */
typedef void (*loop_child_fn)(void *context, int status);

/* The descriptor stays the caller's: removed first, closed then. */
struct loop_fd *loop_add_fd(int fd, uint32_t events, loop_fd_fn callback, void *context);
void loop_change_fd(struct loop_fd *watch, uint32_t events);
/* NULL is allowed; safe within any callback, also its own. */
void loop_remove_fd(struct loop_fd *watch);

/* Once, after that many milliseconds (0: after the callbacks at hand). */
struct loop_timer *loop_after(int64_t milliseconds, loop_timer_fn callback, void *context);
void loop_cancel(struct loop_timer *timer);

/* Called when the child ends, which is reaped then. Takes pidfd, and closes it. */
struct loop_child *loop_add_child(pid_t pid, int pidfd, loop_child_fn callback, void *context);

/* What has its own epoll descriptor (the HTTP server): `timeout` gives milliseconds until it wants
 * to run, -1 for never; `run` is called in each round. */
void loop_set_server(int64_t (*timeout)(void), void (*run)(void));

int loop_open(void);
/* Until loop_stop(). */
void loop_run(void);
void loop_stop(void);
