/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that close their side. The server reads on events by edge, and sees no end that came
 * together with bytes; and while a reply waits it does not look at all.
 */
#include "http_inside.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct connection {
	int fd;
	struct loop_fd *watch;
	void (*gone)(void *context); /* of the stream that is sent, or NULL */
	void *context;
	struct connection **holder; /* who points here */
};

static void tell(struct connection *connection)
{
	void (*gone)(void *) = connection->gone;

	connection->gone = NULL;
	if (gone) {
		gone(connection->context);
	}
}

static void on_end(void *context, uint32_t events)
{
	struct connection *connection = context;

	if (events & (EPOLLHUP | EPOLLERR)) {
		loop_remove_fd(connection->watch);
		connection->watch = NULL;
	} else {
		/* A request may be whole, and its client still reads: look for the full end only.
		 */
		loop_change_fd(connection->watch, 0);
	}
	/* Nothing more comes: this makes the server look. */
	shutdown(connection->fd, SHUT_RD);
	tell(connection);
}

void connection_notify(void *context, struct MHD_Connection *server_connection, void **place,
		       enum MHD_ConnectionNotificationCode code)
{
	struct connection *connection = *place;

	(void)context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			server_connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		connection = memory_zeroed(1, sizeof(*connection));
		connection->fd = info->connect_fd;
		connection->watch = loop_add_fd(connection->fd, EPOLLRDHUP, on_end, connection);
		*place = connection;
	} else if (connection) {
		if (connection->holder) {
			*connection->holder = NULL;
		}
		loop_remove_fd(connection->watch);
		free(connection);
		*place = NULL;
	}
}

static struct connection *connection_of(struct MHD_Connection *server_connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(server_connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

bool connection_watch(struct MHD_Connection *server_connection, void (*gone)(void *context),
		      void *context, struct connection **holder)
{
	struct connection *connection = connection_of(server_connection);

	if (!connection || !connection->watch) {
		return false;
	}
	connection->gone = gone;
	connection->context = context;
	connection->holder = holder;
	*holder = connection;
	return true;
}

void connection_unwatch(struct connection *connection)
{
	if (connection) {
		connection->gone = NULL;
		connection->holder = NULL;
	}
}

void connection_release(struct MHD_Connection *server_connection)
{
	struct connection *connection = connection_of(server_connection);

	if (connection) {
		loop_remove_fd(connection->watch);
		connection->watch = NULL;
		connection->gone = NULL;
	}
}
