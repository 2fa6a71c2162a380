/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "stdin.h"
#include "streams.h"

#define READ_SIZE    16384
#define QUEUE_HIGH   (256 * 1024)       /* bytes of one client, from which output is held back */
#define QUEUED_MAX   ((size_t)16 << 20) /* bytes of all clients */
#define DRAIN_MS     10000              /* without progress, after the container's end */
#define GOODBYE_MS   1000               /* for the client's own end */
#define AFTER_EOF_MS 200                /* for the last answer, when input that stays open ends */

static size_t queued_total(const struct monitor *monitor)
{
	size_t total = 0;

	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		total += monitor->clients[i].queue.length;
	}
	return total;
}

static void client_close(struct monitor *monitor, struct client *client)
{
	monitor_unwatch(monitor, &client->watch);
	client_queue_free(&client->queue);
	if (client->options.with_stdin && monitor->options.is_stdin_once && !client->is_detached) {
		stdin_end(monitor);
	}
}

static void client_watch(struct monitor *monitor, struct client *client)
{
	bool is_read = !client->is_input_ended && (!client->options.with_stdin ||
						   client->is_finishing || stdin_has_room(monitor));

	if (client->watch.fd >= 0) {
		monitor_watch(monitor, &client->watch,
			      (is_read ? (uint32_t)EPOLLIN : 0) |
				      (client->queue.length ? (uint32_t)EPOLLOUT : 0));
	}
}

/* The client takes no more output; what it still sends is read until its end. */
static void output_died(struct monitor *monitor, struct client *client)
{
	client_queue_free(&client->queue);
	client->is_output_dead = true;
	if (client->is_input_ended || client->is_finishing) {
		client_close(monitor, client);
	}
}

/* When all is delivered: the end of the stream. The socket is closed when the client's end is here,
 * because closing with input unread would take output away from the client. */
static void shut_when_empty(struct monitor *monitor, struct client *client)
{
	if (!client->is_finishing || client->is_shut || client->queue.length) {
		return;
	}
	shutdown(client->watch.fd, SHUT_WR);
	client->is_shut = true;
	client->end_at_ms = timestamp_ms() + GOODBYE_MS;
	if (client->is_input_ended) {
		client_close(monitor, client);
	}
}

static void client_finish(struct monitor *monitor, struct client *client)
{
	if (client->watch.fd < 0 || client->is_finishing) {
		return;
	}
	client->is_finishing = true;
	client->end_at_ms = 0;
	client->progress_ms = timestamp_ms();
	shut_when_empty(monitor, client);
	client_watch(monitor, client);
}

static void client_flush(struct monitor *monitor, struct client *client)
{
	while (client->queue.length) {
		ssize_t count = send(client->watch.fd, client_queue_bytes(&client->queue),
				     client->queue.length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count < 0 && errno == EAGAIN) {
			return;
		}
		if (count < 0) {
			output_died(monitor, client);
			return;
		}
		client_queue_take(&client->queue, (size_t)count);
		client->progress_ms = timestamp_ms();
		client->is_stalled = false;
	}
	shut_when_empty(monitor, client);
}

/* Queues what of the two pieces did not go out at once. */
static void queue_rest(struct client *client, const struct iovec *pieces, size_t sent)
{
	if (!client->queue.length) {
		client->progress_ms = timestamp_ms();
	}
	for (size_t i = 0; i < 2; i++) {
		size_t skip = sent < pieces[i].iov_len ? sent : pieces[i].iov_len;
		client_queue_add(&client->queue, (const char *)pieces[i].iov_base + skip,
				 pieces[i].iov_len - skip);
		sent -= skip;
	}
}

static void send_output(struct monitor *monitor, struct client *client, struct iovec *pieces)
{
	size_t length = pieces[0].iov_len + pieces[1].iov_len;
	ssize_t count = 0;

	if (!client->queue.length) {
		struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
		count = sendmsg(client->watch.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (count < 0 && errno != EAGAIN && errno != EINTR) {
			output_died(monitor, client);
			return;
		}
		count = count < 0 ? 0 : count;
	}
	if ((size_t)count < length) {
		queue_rest(client, pieces, (size_t)count);
		if (queued_total(monitor) > QUEUED_MAX) {
			client_close(monitor, client);
			return;
		}
		client_watch(monitor, client);
	}
}

void clients_output(struct monitor *monitor, enum attach_stream stream, const char *bytes,
		    size_t length)
{
	unsigned char header[ATTACH_FRAME_SIZE];

	attach_frame_header(stream, (uint32_t)length, header);
	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		struct client *client = &monitor->clients[i];
		bool is_wanted = stream == ATTACH_STDOUT ? client->options.with_stdout
							 : client->options.with_stderr;
		if (client->watch.fd < 0 || !is_wanted || client->is_finishing ||
		    client->is_output_dead) {
			continue;
		}
		bool has_frames = !client->options.is_raw && !monitor->options.is_tty;
		struct iovec pieces[2] = {
			{header, has_frames ? sizeof(header) : 0},
			{(void *)(uintptr_t)bytes, length},
		};
		if (client->end_at_ms) {
			client->end_at_ms = timestamp_ms() + AFTER_EOF_MS;
		}
		send_output(monitor, client, pieces);
	}
}

static void input_ended(struct monitor *monitor, struct client *client, bool is_gone)
{
	client->is_input_ended = true;
	if (is_gone || client->is_shut || client->is_output_dead) {
		client_close(monitor, client);
	} else if (client->options.with_stdin && !client->is_finishing) {
		if (monitor->options.is_stdin_once) {
			stdin_end(monitor);
		} else if (!monitor->options.is_tty) {
			client->end_at_ms = timestamp_ms() + AFTER_EOF_MS;
		}
	}
}

static void take_input(struct monitor *monitor, struct client *client, const char *bytes,
		       size_t length)
{
	char kept[READ_SIZE + DETACH_KEYS_MAX];

	if (!client->options.with_stdin || client->is_finishing) {
		return;
	}
	if (!monitor->options.is_tty) {
		stdin_put(monitor, bytes, length);
		return;
	}
	length = detach_keys_filter(&client->options.detach, bytes, length, kept,
				    &client->is_detached);
	stdin_put(monitor, kept, length);
	if (client->is_detached) {
		client_finish(monitor, client);
	}
}

static void client_read(struct monitor *monitor, struct client *client, uint32_t events)
{
	char bytes[READ_SIZE];
	ssize_t count = recv(client->watch.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (count > 0) {
		take_input(monitor, client, bytes, (size_t)count);
	} else if (count == 0) {
		input_ended(monitor, client, (events & EPOLLHUP) != 0);
	} else if (errno != EAGAIN && errno != EINTR) {
		input_ended(monitor, client, true);
	}
}

void clients_ready(struct monitor *monitor, uint32_t slot, uint32_t events)
{
	struct client *client = &monitor->clients[slot];

	if (client->watch.fd >= 0 && client->queue.length &&
	    (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))) {
		client_flush(monitor, client);
	}
	if (client->watch.fd >= 0 && (client->watch.have & EPOLLIN) &&
	    (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		client_read(monitor, client, events);
	}
	client_watch(monitor, client);
	streams_flow(monitor);
}

bool clients_hold(const struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		const struct client *client = &monitor->clients[i];
		if (client->watch.fd >= 0 && client->queue.length > QUEUE_HIGH &&
		    !client->is_stalled && !client->is_finishing) {
			return true;
		}
	}
	return false;
}

void clients_input_flow(struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		client_watch(monitor, &monitor->clients[i]);
	}
}

void clients_finish(struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		client_finish(monitor, &monitor->clients[i]);
	}
}

/* Returns whether a time-out of this client is pending. */
static bool client_tick(struct monitor *monitor, struct client *client, int64_t now_ms)
{
	int64_t waited = now_ms - client->progress_ms;

	if (client->watch.fd < 0) {
		return false;
	}
	if ((client->is_shut && now_ms >= client->end_at_ms) ||
	    (client->is_finishing && client->queue.length && waited >= DRAIN_MS)) {
		client_close(monitor, client);
		return false;
	}
	if (client->end_at_ms && !client->is_finishing && now_ms >= client->end_at_ms) {
		client_finish(monitor, client);
		return true;
	}
	if (client->queue.length > QUEUE_HIGH && !client->is_stalled &&
	    waited >= monitor->options.hold_ms) {
		client->is_stalled = true;
	}
	return client->is_finishing || client->end_at_ms ||
	       (client->queue.length > QUEUE_HIGH && !client->is_stalled);
}

bool clients_tick(struct monitor *monitor, int64_t now_ms)
{
	bool is_pending = false;

	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		is_pending |= client_tick(monitor, &monitor->clients[i], now_ms);
	}
	streams_flow(monitor);
	return is_pending;
}

bool clients_are_left(const struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		if (monitor->clients[i].watch.fd >= 0) {
			return true;
		}
	}
	return false;
}

const char *clients_attach(struct monitor *monitor, int fd, const struct attach_options *options)
{
	struct client *client = NULL;
	struct stat state;

	for (size_t i = 0; i < MONITOR_CLIENTS_MAX && !client; i++) {
		if (monitor->clients[i].watch.fd < 0) {
			client = &monitor->clients[i];
		}
	}
	const char *error = NULL;
	if (fstat(fd, &state) < 0 || !S_ISSOCK(state.st_mode)) {
		error = "the descriptor is no socket";
	} else if (monitor->phase == PHASE_EXITED || monitor->phase == PHASE_FAILED) {
		error = "the container has ended";
	} else if (!client) {
		error = "too many clients are attached (32)";
	}
	if (error) {
		close(fd);
		return error;
	}
	*client = (struct client){
		.watch = {.fd = fd,
			  .source = SOURCE_CLIENT,
			  .slot = (uint32_t)(client - monitor->clients)},
		.options = *options,
	};
	client_watch(monitor, client);
	return NULL;
}
