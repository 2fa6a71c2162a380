/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "clients.h"
#include "console.h"
#include "ending.h"
#include "monitor.h"
#include "runtime_call.h"
#include "server.h"
#include "stdin.h"
#include "streams.h"

#define EVENTS_MAX 16
#define TICK_MS    20 /* while a time-out is pending */

void monitor_watch(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {
		.events = events,
		.data.u64 = (uint64_t)watch->source << 32 | watch->slot,
	};

	if (watch->fd < 0 || watch->have == events) {
		return;
	}
	int operation = !events ? EPOLL_CTL_DEL : watch->have ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (epoll_ctl(monitor->epoll, operation, watch->fd, &event) == 0) {
		watch->have = events;
	}
}

void monitor_unwatch(struct monitor *monitor, struct watch *watch)
{
	if (watch->fd >= 0) {
		monitor_watch(monitor, watch, 0);
		close(watch->fd);
		watch->fd = -1;
	}
}

static void take_signals(struct monitor *monitor)
{
	struct signalfd_siginfo info[8];

	while (read(monitor->signals.fd, info, sizeof(info)) > 0) {
	}
	ending_reap(monitor);
}

static void dispatch(struct monitor *monitor, const struct epoll_event *event)
{
	enum monitor_source source = (enum monitor_source)(event->data.u64 >> 32);
	uint32_t slot = (uint32_t)event->data.u64;

	switch (source) {
	case SOURCE_SIGNAL:
		take_signals(monitor);
		break;
	case SOURCE_SOCKET:
		server_accept(monitor);
		break;
	case SOURCE_CONNECTION:
		server_ready(monitor, slot, event->events);
		break;
	case SOURCE_CLIENT:
		clients_ready(monitor, slot, event->events);
		break;
	case SOURCE_STDIN:
		stdin_ready(monitor, event->events);
		break;
	case SOURCE_STREAM:
		streams_ready(monitor, slot);
		break;
	case SOURCE_CONSOLE:
		console_ready(monitor);
		break;
	case SOURCE_RUNTIME_ERROR:
		runtime_call_error_ready(monitor);
		break;
	case SOURCE_PROCESS:
		ending_lost(monitor);
		break;
	}
}

void monitor_loop(struct monitor *monitor)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int64_t now_ms = timestamp_ms();
		bool is_timed = ending_tick(monitor, now_ms);
		is_timed |= clients_tick(monitor, now_ms);
		if (ending_is_done(monitor)) {
			return;
		}
		int count = epoll_wait(monitor->epoll, events, EVENTS_MAX, is_timed ? TICK_MS : -1);
		for (int i = 0; i < count; i++) {
			dispatch(monitor, &events[i]);
		}
	}
}
