/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "clients.h"
#include "console.h"
#include "json.h"
#include "monitor_request.h"
#include "pass_fd.h"
#include "runtime_call.h"
#include "stdin.h"
#include "file.h"

#define SOCKET_NAME "monitor.sock"
#define FD_MAX      8 /* in one packet; all but one are refused */

/* A packet as it came. */
struct packet {
	char bytes[MONITOR_REQUEST_MAX];
	size_t length;
	bool is_cut;
	int fds[FD_MAX];
	size_t fd_count;
};

/* A socket that answers belongs to a monitor that lives. */
static bool is_answered(const struct monitor *monitor)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char *path = text_format("/proc/self/fd/%d/" SOCKET_NAME, monitor->run_dir);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	bool is_alive =
		fd >= 0 &&
		(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN);
	file_close(fd);
	free(path);
	return is_alive;
}

int server_open(struct monitor *monitor)
{
	if (faccessat(monitor->run_dir, SOCKET_NAME, F_OK, 0) == 0 && is_answered(monitor)) {
		errno = EADDRINUSE;
		return -1;
	}
	int fd = console_listen_at(monitor, SOCKET_NAME, SOCK_SEQPACKET);
	monitor->socket = (struct watch){.fd = fd, .source = SOURCE_SOCKET};
	return fd < 0 ? -1 : 0;
}

bool server_accept(struct monitor *monitor)
{
	int fd = accept4(monitor->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (uint32_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &monitor->connections[i];
		if (connection->watch.fd < 0) {
			connection->state = CONNECTION_IDLE;
			connection->watch =
				(struct watch){.fd = fd, .source = SOURCE_CONNECTION, .slot = i};
			monitor_watch(monitor, &connection->watch, EPOLLIN);
			return true;
		}
	}
	file_close(fd);
	return fd >= 0;
}

/* A connection whose reader is gone or asleep is closed. */
static void reply(struct monitor *monitor, struct connection *connection, json *object)
{
	const char *text = json_text(object);

	connection->state = CONNECTION_IDLE;
	if (send(connection->watch.fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		monitor_unwatch(monitor, &connection->watch);
	} else {
		monitor_watch(monitor, &connection->watch, EPOLLIN);
	}
	json_object_put(object);
}

static void reply_result(struct monitor *monitor, struct connection *connection, const char *error)
{
	json *object = json_object_new_object();

	if (error) {
		json_set_string(object, "error", error);
	}
	reply(monitor, connection, object);
}

static void reply_exit(struct monitor *monitor, struct connection *connection)
{
	json *object = json_object_new_object();

	if (monitor->phase == PHASE_EXITED) {
		json_set_int(object, "code", monitor->code);
		json_set_int(object, "signal", monitor->signal);
		json_set_string(object, "finished", monitor->finished);
	}
	if (monitor->error) {
		json_set_string(object, "error", monitor->error);
	}
	reply(monitor, connection, object);
}

/* The reply comes later; until then, only the connection's end is of interest. */
static void postpone(struct monitor *monitor, struct connection *connection,
		     enum connection_state state)
{
	connection->state = state;
	monitor_watch(monitor, &connection->watch, EPOLLRDHUP);
}

static void do_start(struct monitor *monitor, struct connection *connection)
{
	if (monitor->options.exec_process) {
		reply_result(monitor, connection, "an exec session starts by itself");
	} else if (monitor->phase != PHASE_CREATING && monitor->phase != PHASE_CREATED) {
		reply_result(monitor, connection,
			     monitor->error ? monitor->error : "the container was started before");
	} else {
		postpone(monitor, connection, CONNECTION_WAITS_START);
		if (monitor->phase == PHASE_CREATED) {
			runtime_call_start(monitor);
		}
	}
}

static void do_attach(struct monitor *monitor, struct connection *connection,
		      const struct monitor_request *request, struct packet *packet)
{
	if (packet->fd_count != 1) {
		reply_result(monitor, connection, "attach wants exactly one descriptor");
		return;
	}
	packet->fd_count = 0;
	const char *error = clients_attach(monitor, packet->fds[0], &request->attach);
	if (!error && request->attach.with_stdin && request->input_length) {
		stdin_put(monitor, (const char *)request->input, request->input_length);
	}
	reply_result(monitor, connection, error);
}

static void do_request(struct monitor *monitor, struct connection *connection,
		       struct packet *packet)
{
	static struct monitor_request request;
	const char *error =
		packet->is_cut ? "the request is too long"
			       : monitor_request_parse(packet->bytes, packet->length, &request);

	if (error) {
		reply_result(monitor, connection, error);
		return;
	}
	switch (request.op) {
	case MONITOR_START:
		do_start(monitor, connection);
		break;
	case MONITOR_ATTACH:
		do_attach(monitor, connection, &request, packet);
		break;
	case MONITOR_RESIZE:
		reply_result(monitor, connection,
			     console_resize(monitor, request.width, request.height));
		break;
	case MONITOR_CLOSE_STDIN:
		stdin_end(monitor);
		reply_result(monitor, connection, NULL);
		break;
	case MONITOR_WAIT:
		if (monitor->is_ended) {
			reply_exit(monitor, connection);
		} else {
			postpone(monitor, connection, CONNECTION_WAITS_EXIT);
		}
		break;
	case MONITOR_REOPEN_LOG:
		reply_result(monitor, connection,
			     log_file_reopen(&monitor->log) < 0 ? strerror(errno) : NULL);
		break;
	}
}

/* 1: a packet, 0: none now, -1: the connection has ended. */
static int receive(const struct connection *connection, struct packet *packet)
{
	struct pass pass = {packet->bytes, sizeof(packet->bytes), packet->fds, FD_MAX,
			    MSG_DONTWAIT};
	ssize_t count = pass_receive(connection->watch.fd, &pass);

	packet->fd_count = pass.count;
	if (count < 0) {
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	}
	packet->length = (size_t)count;
	packet->is_cut = (pass.flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
	return count == 0 && packet->fd_count == 0 ? -1 : 1;
}

void server_ready(struct monitor *monitor, uint32_t slot, uint32_t events)
{
	struct connection *connection = &monitor->connections[slot];
	static struct packet packet;

	if (connection->watch.fd < 0) {
		return;
	}
	int result = connection->state == CONNECTION_IDLE          ? receive(connection, &packet)
		     : events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? -1
								   : 0;
	if (result < 0) {
		monitor_unwatch(monitor, &connection->watch);
	} else if (result > 0) {
		do_request(monitor, connection, &packet);
		for (size_t i = 0; i < packet.fd_count; i++) {
			close(packet.fds[i]);
		}
	}
}

bool server_waits_for_start(const struct monitor *monitor)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (monitor->connections[i].watch.fd >= 0 &&
		    monitor->connections[i].state == CONNECTION_WAITS_START) {
			return true;
		}
	}
	return false;
}

void server_started(struct monitor *monitor, const char *error)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &monitor->connections[i];
		if (connection->watch.fd >= 0 && connection->state == CONNECTION_WAITS_START) {
			reply_result(monitor, connection, error);
		}
	}
}

void server_ended(struct monitor *monitor)
{
	unlinkat(monitor->run_dir, SOCKET_NAME, 0);
	while (server_accept(monitor)) {
	}
	monitor_unwatch(monitor, &monitor->socket);
	for (uint32_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (monitor->connections[i].state == CONNECTION_IDLE) {
			server_ready(monitor, i, EPOLLIN);
		}
	}
	server_started(monitor, monitor->error ? monitor->error : "the container has ended");
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &monitor->connections[i];
		if (connection->watch.fd >= 0 && connection->state == CONNECTION_WAITS_EXIT) {
			reply_exit(monitor, connection);
		}
	}
}
