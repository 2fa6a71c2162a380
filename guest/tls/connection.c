/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"
#include "file.h"

#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ROUNDS_AT_ONCE 16 /* blocks of a connection before the others' turn */

/* What goes through; nothing of it is kept from one connection to the next. */
static char block[CONNECTION_BLOCK];

struct connection *connection_new(int client, struct credentials *credentials, const char *peer,
				  int64_t deadline)
{
	gnutls_session_t session;

	if (credentials_session(credentials, &session) < 0) {
		close(client);
		return NULL;
	}
	struct connection *connection = memory_zeroed(1, sizeof(*connection));
	connection->client = client;
	connection->engine = -1;
	connection->credentials = credentials;
	connection->session = session;
	connection->deadline = deadline;
	snprintf(connection->peer, sizeof(connection->peer), "%s", peer);
	gnutls_transport_set_int(session, client);
	gnutls_handshake_set_timeout(session, GNUTLS_INDEFINITE_TIMEOUT); /* the deadline is ours */
	return connection;
}

void connection_free(struct connection *connection)
{
	gnutls_deinit(connection->session);
	credentials_release(connection->credentials);
	close(connection->client);
	file_close(connection->engine);
	free(connection->to_engine.data);
	free(connection->to_client.data);
	free(connection);
}

static void refuse(struct connection *connection, int error)
{
	gnutls_datum_t words = {0};

	/* A port scan is not worth a line. */
	if (error == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR) {
		unsigned status = gnutls_session_get_verify_cert_status(connection->session);
		gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0);
	}
	if (error != GNUTLS_E_PREMATURE_TERMINATION && error != GNUTLS_E_PULL_ERROR) {
		fprintf(stderr, "bh-tls: %s is refused: %s %s\n", connection->peer,
			gnutls_strerror(error), words.data ? (char *)words.data : "");
	}
	gnutls_free(words.data);
	gnutls_alert_send_appropriate(connection->session, error);
	connection->state = CONNECTION_OVER;
}

static void shake_hands(struct connection *connection)
{
	int error;

	do {
		error = gnutls_handshake(connection->session);
	} while (error == GNUTLS_E_INTERRUPTED);
	if (error == 0) {
		connection->state = CONNECTION_CONNECT;
	} else if (gnutls_error_is_fatal(error)) {
		refuse(connection, error);
	}
}

static void connect_engine(struct connection *connection, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		connection->engine = fd;
		connection->state = CONNECTION_RELAY;
		return;
	}
	int error = errno;
	file_close(fd);
	if (error != EAGAIN) {
		fprintf(stderr,
			"bh-tls: cannot reach the engine at %s: %s; is bh-engine running?\n", path,
			strerror(error));
		connection->state = CONNECTION_OVER;
	}
}

static void keep(struct pending *pending, const char *bytes, size_t length)
{
	pending->data = memory_resize(NULL, length, 1);
	memcpy(pending->data, bytes, length);
	pending->length = length;
	pending->sent = 0;
}

static void advance(struct pending *pending, size_t count)
{
	pending->sent += count;
	if (pending->sent == pending->length) {
		free(pending->data);
		*pending = (struct pending){0};
	}
}

/* Both return what was written, 0 when it must wait. */
static size_t send_engine(struct connection *connection, const char *bytes, size_t length)
{
	ssize_t count = send(connection->engine, bytes, length, MSG_NOSIGNAL);

	if (count >= 0) {
		return (size_t)count;
	}
	if (errno == EPIPE) {
		/* The engine wants no more. It is read on: closing with bytes unread would reset
		 * the connection, and lose the engine's last words on their way. */
		return length;
	}
	if (errno != EAGAIN && errno != EINTR) {
		connection->state = CONNECTION_OVER;
	}
	return 0;
}

static size_t send_client(struct connection *connection, const char *bytes, size_t length)
{
	ssize_t count = gnutls_record_send(connection->session, bytes, length);

	if (count >= 0) {
		return (size_t)count;
	}
	if (gnutls_error_is_fatal((int)count)) {
		connection->state = CONNECTION_OVER;
	}
	return 0;
}

static bool read_client(struct connection *connection)
{
	ssize_t count = gnutls_record_recv(connection->session, block, sizeof(block));

	if (count == 0) {
		connection->client_ended = true;
		return true;
	}
	if (count < 0) {
		/* Renegotiation is no right of a client's. */
		if (gnutls_error_is_fatal((int)count) || count == GNUTLS_E_REHANDSHAKE) {
			connection->state = CONNECTION_OVER;
		}
		return false;
	}
	size_t sent = send_engine(connection, block, (size_t)count);
	if (sent < (size_t)count) {
		keep(&connection->to_engine, block + sent, (size_t)count - sent);
	}
	return true;
}

static bool read_engine(struct connection *connection)
{
	ssize_t count = recv(connection->engine, block, sizeof(block), 0);

	if (count < 0 && errno == ECONNRESET) {
		count = 0;
	}
	if (count == 0) {
		connection->engine_ended = true;
		return true;
	}
	if (count < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			connection->state = CONNECTION_OVER;
		}
		return false;
	}
	size_t sent = send_client(connection, block, (size_t)count);
	if (sent < (size_t)count) {
		keep(&connection->to_client, block + sent, (size_t)count - sent);
	}
	return true;
}

/* Returns whether something went on. */
static bool relay_to_engine(struct connection *connection)
{
	struct pending *pending = &connection->to_engine;

	if (pending->length) {
		size_t sent = send_engine(connection, pending->data + pending->sent,
					  pending->length - pending->sent);
		advance(pending, sent);
		return sent > 0;
	}
	if (!connection->client_ended) {
		return read_client(connection);
	}
	if (!connection->told_engine) {
		connection->told_engine = true;
		shutdown(connection->engine, SHUT_WR);
		return true;
	}
	return false;
}

static bool relay_to_client(struct connection *connection)
{
	struct pending *pending = &connection->to_client;

	if (pending->length) {
		size_t sent = send_client(connection, pending->data + pending->sent,
					  pending->length - pending->sent);
		advance(pending, sent);
		return sent > 0;
	}
	if (!connection->engine_ended) {
		return read_engine(connection);
	}
	if (!connection->told_client) {
		int error = gnutls_bye(connection->session, GNUTLS_SHUT_WR);
		connection->told_client = error == 0;
		if (error && gnutls_error_is_fatal(error)) {
			connection->state = CONNECTION_OVER;
		}
		return error == 0;
	}
	return false;
}

static void relay(struct connection *connection)
{
	connection->has_more = false;
	for (int round = 0; connection->state == CONNECTION_RELAY; round++) {
		bool has_gone_on = relay_to_engine(connection);
		if (connection->state == CONNECTION_RELAY) {
			has_gone_on = relay_to_client(connection) || has_gone_on;
		}
		if (!has_gone_on) {
			break;
		}
		if (round == ROUNDS_AT_ONCE) {
			connection->has_more = true;
			break;
		}
	}
	if (connection->state == CONNECTION_RELAY && connection->told_client &&
	    connection->told_engine) {
		connection->state = CONNECTION_OVER;
	}
}

void connection_work(struct connection *connection, const char *engine)
{
	if (connection->state == CONNECTION_HANDSHAKE) {
		shake_hands(connection);
	}
	if (connection->state == CONNECTION_CONNECT) {
		connect_engine(connection, engine);
	}
	if (connection->state == CONNECTION_RELAY) {
		relay(connection);
	}
}

/* EPOLLERR, which epoll tells anyway, keeps it watched: a client that is gone is noticed though
 * nothing is expected of it. */
uint32_t connection_client_events(const struct connection *connection)
{
	bool wants_to_write = gnutls_record_get_direction(connection->session) == 1;

	switch (connection->state) {
	case CONNECTION_HANDSHAKE:
		return (wants_to_write ? EPOLLOUT : EPOLLIN) | EPOLLERR;
	case CONNECTION_RELAY:
		return EPOLLERR |
		       (!connection->client_ended && !connection->to_engine.length ? EPOLLIN : 0u) |
		       (connection->to_client.length ||
					(connection->engine_ended && !connection->told_client)
				? EPOLLOUT
				: 0u);
	case CONNECTION_CONNECT:
		return EPOLLERR;
	case CONNECTION_OVER:
		break;
	}
	return 0;
}

uint32_t connection_engine_events(const struct connection *connection)
{
	if (connection->state != CONNECTION_RELAY) {
		return 0;
	}
	return (!connection->engine_ended && !connection->to_client.length ? EPOLLIN : 0u) |
	       (connection->to_engine.length ? EPOLLOUT : 0u);
}
