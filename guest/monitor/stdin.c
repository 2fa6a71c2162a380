/* SPDX-License-Identifier: Apache-2.0 */
#include "stdin.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "clients.h"

#define QUEUE_LIMIT 65536

void stdin_close(struct monitor *monitor)
{
	monitor_unwatch(monitor, &monitor->input);
	client_queue_free(&monitor->input_queue);
	if (monitor->is_input_open) {
		monitor->is_input_open = false;
		clients_input_flow(monitor); /* what they still send is dropped */
	}
}

/* Writes what is queued as far as it goes. */
static void write_queue(struct monitor *monitor, uint32_t events)
{
	struct client_queue *queue = &monitor->input_queue;

	while (monitor->input.fd >= 0 && queue->length) {
		ssize_t count = write(monitor->input.fd, client_queue_bytes(queue), queue->length);
		if (count > 0) {
			client_queue_take(queue, (size_t)count);
			continue;
		}
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count < 0 && errno == EAGAIN && !(events & (EPOLLERR | EPOLLHUP))) {
			break;
		}
		/* A terminal that nobody has open may be opened again; a pipe may not. */
		if (monitor->options.is_tty) {
			client_queue_free(queue);
		} else {
			stdin_close(monitor);
		}
	}
	if (monitor->input.fd >= 0) {
		monitor_watch(monitor, &monitor->input, queue->length ? EPOLLOUT : 0);
	}
	if (monitor->is_input_open && monitor->is_input_ending && monitor->input.fd >= 0 &&
	    !queue->length) {
		stdin_close(monitor);
	}
}

void stdin_open(struct monitor *monitor, int fd)
{
	monitor->input = (struct watch){.fd = fd, .source = SOURCE_STDIN};
	monitor->is_input_open = true;
	write_queue(monitor, 0);
}

bool stdin_has_room(const struct monitor *monitor)
{
	return !monitor->is_input_open || monitor->input_queue.length < QUEUE_LIMIT;
}

void stdin_put(struct monitor *monitor, const char *bytes, size_t length)
{
	if (monitor->is_input_open && !monitor->is_input_ending) {
		client_queue_add(&monitor->input_queue, bytes, length);
		write_queue(monitor, 0);
	}
}

void stdin_end(struct monitor *monitor)
{
	if (!monitor->options.is_tty && monitor->is_input_open) {
		monitor->is_input_ending = true;
		write_queue(monitor, 0);
	}
}

void stdin_ready(struct monitor *monitor, uint32_t events)
{
	write_queue(monitor, events);
	clients_input_flow(monitor);
}
