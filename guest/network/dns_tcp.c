/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions over TCP (RFC 7766): each message has its length before it. A connection has one
 * question at a time.
 *
 *   ASK -> (table answers) -> ANSWER -> ASK           client sends, server writes
 *   ASK -> SEND -> RECEIVE -> ANSWER -> ASK           by a resolver
 */
#include "dns_server.h"

#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFIX       2
#define REQUEST_MOST (PREFIX + DNS_QUERY_MAX)

enum state {
	FREE,
	ASK,     /* client_ready(): reads a question */
	SEND,    /* upstream_send(): connects and sends it */
	RECEIVE, /* upstream_receive() */
	ANSWER,  /* client_ready(): writes */
};

struct connection {
	enum state state;
	int client, upstream;
	int64_t deadline;
	union dns_socket_address peer;
	struct dns_question question;
	uint8_t query[REQUEST_MOST]; /* with its length before it */
	size_t query_have, query_sent;
	uint8_t *answer; /* PREFIX + DNS_MESSAGE_MAX, while there is one */
	size_t answer_have, answer_sent;
};

static struct connection connections[DNS_CONNECTIONS_MAX];

static size_t index_of(const struct connection *connection)
{
	return (size_t)(connection - connections);
}

static size_t announced(const uint8_t *prefix)
{
	return (size_t)prefix[0] << 8 | prefix[1];
}

static void leave_upstream(struct connection *connection)
{
	if (connection->upstream >= 0) {
		close(connection->upstream);
		connection->upstream = -1;
	}
}

static void end(struct connection *connection)
{
	leave_upstream(connection);
	close(connection->client);
	free(connection->answer);
	connection->answer = NULL;
	connection->state = FREE;
}

static void enter(struct dns_server *server, struct connection *connection, enum state state)
{
	uint32_t wanted = state == ASK ? EPOLLIN : state == ANSWER ? EPOLLOUT : 0;

	connection->state = state;
	connection->deadline = timestamp_ms() + DNS_TCP_MS;
	if (dns_rewatch(server, connection->client, wanted, DNS_SOURCE_CLIENT,
			index_of(connection)) < 0) {
		end(connection);
	}
}

static void begin_answer(struct dns_server *server, struct connection *connection, size_t length)
{
	connection->answer[0] = (uint8_t)(length >> 8);
	connection->answer[1] = (uint8_t)length;
	connection->answer_have = PREFIX + length;
	connection->answer_sent = 0;
	leave_upstream(connection);
	enter(server, connection, ANSWER);
}

static void answer_failure(struct dns_server *server, struct connection *connection)
{
	begin_answer(server, connection,
		     dns_answer_code(connection->query + PREFIX, &connection->question,
				     DNS_SERVER_FAILURE, connection->answer + PREFIX));
}

static void ask_resolver(struct dns_server *server, struct connection *connection)
{
	struct dns_resolvers room;
	const union dns_socket_address *resolver =
		&dns_resolvers_of(server, &connection->peer, &room)->list[0];
	int fd = socket(resolver->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	connection->upstream = fd;
	connection->query_sent = 0;
	connection->answer_have = 0;
	if (fd < 0 ||
	    (connect(fd, &resolver->any, dns_socket_size(resolver)) < 0 && errno != EINPROGRESS) ||
	    dns_watch(server, fd, EPOLLOUT, DNS_SOURCE_UPSTREAM, index_of(connection)) < 0) {
		answer_failure(server, connection);
		return;
	}
	enter(server, connection, SEND);
}

static void decide(struct dns_server *server, struct connection *connection)
{
	size_t length = connection->query_have - PREFIX;

	if (!connection->answer) {
		connection->answer = memory_zeroed(1, PREFIX + DNS_MESSAGE_MAX);
	}
	int decided =
		dns_decide(server, &connection->peer, connection->query + PREFIX, length,
			   &connection->question, connection->answer + PREFIX, DNS_MESSAGE_MAX);
	if (decided < 0) {
		end(connection);
	} else if (decided > 0) {
		begin_answer(server, connection, (size_t)decided);
	} else {
		ask_resolver(server, connection);
	}
}

static void read_question(struct dns_server *server, struct connection *connection)
{
	size_t wanted = PREFIX;

	if (connection->query_have >= PREFIX) {
		wanted += announced(connection->query);
	}
	/* A length that is none ends the connection. */
	bool is_possible = connection->query_have < wanted && wanted <= REQUEST_MOST;
	ssize_t count =
		!is_possible ? 0
			     : recv(connection->client, connection->query + connection->query_have,
				    wanted - connection->query_have, MSG_DONTWAIT);
	if (count <= 0) {
		if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
			end(connection);
		}
		return;
	}
	connection->query_have += (size_t)count;
	if (connection->query_have > PREFIX &&
	    connection->query_have == PREFIX + announced(connection->query)) {
		decide(server, connection);
	}
}

static void write_answer(struct dns_server *server, struct connection *connection)
{
	ssize_t count = send(connection->client, connection->answer + connection->answer_sent,
			     connection->answer_have - connection->answer_sent,
			     MSG_DONTWAIT | MSG_NOSIGNAL);

	if (count < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			end(connection);
		}
		return;
	}
	connection->answer_sent += (size_t)count;
	if (connection->answer_sent == connection->answer_have) {
		connection->query_have = 0;
		free(connection->answer);
		connection->answer = NULL;
		enter(server, connection, ASK);
	}
}

void dns_tcp_client(struct dns_server *server, size_t index)
{
	struct connection *connection = &connections[index];

	switch (connection->state) {
	case ASK:
		read_question(server, connection);
		break;
	case ANSWER:
		write_answer(server, connection);
		break;
	case SEND:
	case RECEIVE:
		end(connection); /* gone while it waited: nothing else is watched */
		break;
	case FREE:
		break;
	}
}

static void upstream_send(struct dns_server *server, struct connection *connection)
{
	ssize_t count =
		send(connection->upstream, connection->query + connection->query_sent,
		     connection->query_have - connection->query_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (count < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			answer_failure(server, connection);
		}
		return;
	}
	connection->query_sent += (size_t)count;
	if (connection->query_sent == connection->query_have) {
		dns_rewatch(server, connection->upstream, EPOLLIN, DNS_SOURCE_UPSTREAM,
			    index_of(connection));
		enter(server, connection, RECEIVE);
	}
}

static void upstream_receive(struct dns_server *server, struct connection *connection)
{
	size_t wanted = PREFIX;

	if (connection->answer_have >= PREFIX) {
		wanted = PREFIX + announced(connection->answer);
	}
	ssize_t count = recv(connection->upstream, connection->answer + connection->answer_have,
			     wanted - connection->answer_have, MSG_DONTWAIT);
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (count <= 0) {
		answer_failure(server, connection);
		return;
	}
	connection->answer_have += (size_t)count;
	if (connection->answer_have < PREFIX ||
	    connection->answer_have < PREFIX + announced(connection->answer)) {
		return;
	}
	size_t length = connection->answer_have - PREFIX;
	if (dns_is_answer(connection->answer + PREFIX, length, connection->query + PREFIX,
			  &connection->question, connection->question.id)) {
		begin_answer(server, connection, length);
	} else {
		answer_failure(server, connection);
	}
}

void dns_tcp_upstream(struct dns_server *server, size_t index)
{
	struct connection *connection = &connections[index];

	if (connection->state == SEND) {
		upstream_send(server, connection);
	} else if (connection->state == RECEIVE) {
		upstream_receive(server, connection);
	}
}

static struct connection *find_free(const union dns_socket_address *peer)
{
	struct connection *found = NULL;
	size_t of_peer = 0;

	for (size_t i = 0; i < DNS_CONNECTIONS_MAX; i++) {
		if (connections[i].state == FREE) {
			found = &connections[i];
		} else if (dns_same_host(&connections[i].peer, peer)) {
			of_peer++;
		}
	}
	return of_peer < DNS_CONNECTIONS_CLIENT ? found : NULL;
}

void dns_tcp_accept(struct dns_server *server)
{
	union dns_socket_address peer;
	socklen_t size = sizeof(peer);
	int fd = accept4(server->tcp, &peer.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		return;
	}
	struct connection *connection = find_free(&peer);
	if (!connection ||
	    dns_watch(server, fd, EPOLLIN, DNS_SOURCE_CLIENT, index_of(connection)) < 0) {
		close(fd);
		return;
	}
	*connection = (struct connection){.state = ASK,
					  .client = fd,
					  .upstream = -1,
					  .peer = peer,
					  .deadline = timestamp_ms() + DNS_TCP_MS};
}

int64_t dns_tcp_expire(struct dns_server *server, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < DNS_CONNECTIONS_MAX; i++) {
		struct connection *connection = &connections[i];
		if (connection->state != FREE && connection->deadline <= now) {
			if (connection->state == SEND || connection->state == RECEIVE) {
				answer_failure(server, connection);
			} else {
				end(connection);
			}
		}
		if (connection->state != FREE && connection->deadline < next) {
			next = connection->deadline;
		}
	}
	return next;
}
