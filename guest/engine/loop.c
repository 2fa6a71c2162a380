/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"
#include "text.h"
#include "timestamp.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOP_BATCH 64
#define LOOP_QUIET 2000 /* ms; after that memory goes back to the system */
#define LOOP_LONG  60000

struct loop_fd {
	int fd;
	loop_fd_fn callback; /* NULL: removed, freed at the round's end */
	void *context;
	struct loop_fd *next_removed;
};

struct loop_timer {
	int64_t when;
	loop_timer_fn callback;
	void *context;
	struct loop_timer *next;
};

struct loop_child {
	pid_t pid;
	int pidfd;
	loop_child_fn callback;
	void *context;
	struct loop_fd *watch;
};

static int loop_epoll = -1;
static bool loop_stopped;
static struct loop_fd *loop_removed;
static struct loop_timer *loop_timers; /* the next one first */
static int64_t (*server_timeout)(void);
static void (*server_run)(void);

int loop_open(void)
{
	loop_epoll = epoll_create1(EPOLL_CLOEXEC);
	loop_stopped = false;
	return loop_epoll < 0 ? -1 : 0;
}

struct loop_fd *loop_add_fd(int fd, uint32_t events, loop_fd_fn callback, void *context)
{
	struct loop_fd *watch = memory_zeroed(1, sizeof(*watch));
	struct epoll_event event = {.events = events, .data.ptr = watch};

	watch->fd = fd;
	watch->callback = callback;
	watch->context = context;
	if (epoll_ctl(loop_epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		free(watch);
		return NULL;
	}
	return watch;
}

void loop_change_fd(struct loop_fd *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	epoll_ctl(loop_epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_remove_fd(struct loop_fd *watch)
{
	if (!watch || !watch->callback) {
		return;
	}
	epoll_ctl(loop_epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->callback = NULL;
	watch->next_removed = loop_removed;
	loop_removed = watch;
}

struct loop_timer *loop_after(int64_t milliseconds, loop_timer_fn callback, void *context)
{
	struct loop_timer *timer = memory_zeroed(1, sizeof(*timer));
	struct loop_timer **place = &loop_timers;

	timer->when = timestamp_ms() + milliseconds;
	timer->callback = callback;
	timer->context = context;
	while (*place && (*place)->when <= timer->when) {
		place = &(*place)->next;
	}
	timer->next = *place;
	*place = timer;
	return timer;
}

void loop_cancel(struct loop_timer *timer)
{
	for (struct loop_timer **place = &loop_timers; timer && *place; place = &(*place)->next) {
		if (*place == timer) {
			*place = timer->next;
			free(timer);
			return;
		}
	}
}

static void on_child(void *context, uint32_t events)
{
	struct loop_child *child = context;
	int status = 0;

	(void)events;
	if (waitpid(child->pid, &status, WNOHANG) == 0) {
		return;
	}
	loop_remove_fd(child->watch);
	close(child->pidfd);
	child->callback(child->context,
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));

	free(child);
}

struct loop_child *loop_add_child(pid_t pid, int pidfd, loop_child_fn callback, void *context)
{
	struct loop_child *child = memory_zeroed(1, sizeof(*child));

	child->pid = pid;
	child->pidfd = pidfd;
	child->callback = callback;
	child->context = context;
	child->watch = loop_add_fd(pidfd, EPOLLIN, on_child, child);
	if (!child->watch) {
		free(child);
		return NULL;
	}
	return child;
}

void loop_set_server(int64_t (*timeout)(void), void (*run)(void))
{
	server_timeout = timeout;
	server_run = run;
}

/* One at a time, since each may cancel another. */
static void run_timers(void)
{
	int64_t now = timestamp_ms();

	for (int budget = LOOP_BATCH; budget && loop_timers && loop_timers->when <= now; budget--) {
		struct loop_timer *timer = loop_timers;
		loop_timer_fn callback = timer->callback;
		void *context = timer->context;
		loop_timers = timer->next;
		free(timer);
		callback(context);
	}
}

static int next_timeout(void)
{
	int64_t timeout = -1;

	if (loop_timers) {
		timeout = loop_timers->when - timestamp_ms();
		timeout = timeout < 0 ? 0 : timeout;
	}
	int64_t wanted = server_timeout ? server_timeout() : -1;
	if (wanted >= 0 && (timeout < 0 || wanted < timeout)) {
		timeout = wanted;
	}
	if (timeout < 0 || timeout > LOOP_LONG) {
		return LOOP_LONG;
	}
	return (int)timeout;
}

/* Waits; after a burst of work the first quiet moment gives back what it took. */
static int wait_for_events(struct epoll_event *events)
{
	static bool is_trimmed = true;
	int timeout = next_timeout();

	if (timeout <= LOOP_QUIET || is_trimmed) {
		int count = epoll_wait(loop_epoll, events, LOOP_BATCH, timeout);
		is_trimmed = is_trimmed && count <= 0;
		return count;
	}
	int count = epoll_wait(loop_epoll, events, LOOP_BATCH, LOOP_QUIET);
	if (count == 0) {
		malloc_trim(0);
		is_trimmed = true;
	}
	return count;
}

static void free_removed(void)
{
	while (loop_removed) {
		struct loop_fd *watch = loop_removed;
		loop_removed = watch->next_removed;
		free(watch);
	}
}

void loop_run(void)
{
	struct epoll_event events[LOOP_BATCH];

	while (!loop_stopped) {
		int count = wait_for_events(events);
		for (int i = 0; i < count; i++) {
			struct loop_fd *watch = events[i].data.ptr;
			if (watch->callback) {
				watch->callback(watch->context, events[i].events);
			}
		}
		run_timers();
		if (server_run) {
			server_run();
		}
		free_removed();
	}
}

void loop_stop(void)
{
	loop_stopped = true;
}
