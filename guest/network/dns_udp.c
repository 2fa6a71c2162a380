/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions over UDP. One that the table does not answer is an exchange: a socket of its own to the
 * resolver, so that the kernel picks a random port and takes datagrams of the resolver alone, and a
 * random identifier; together what a forger would have to guess.
 */
#include "dns_server.h"
#include "file.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64 /* datagrams before other events have their turn */

struct exchange {
	bool is_used;
	int fd;
	uint16_t id; /* to the resolver */
	unsigned attempts;
	int64_t deadline;
	union dns_socket_address client;
	struct dns_question question;
	size_t length;
	uint8_t query[DNS_QUERY_MAX];
};

static struct exchange exchanges[DNS_EXCHANGES_MAX];

static void answer_client(struct dns_server *server, const union dns_socket_address *client,
			  const uint8_t *answer, size_t length)
{
	/* A full buffer loses it, as any datagram may be. */
	(void)!sendto(server->udp, answer, length, MSG_DONTWAIT | MSG_NOSIGNAL, &client->any,
		      dns_socket_size(client));
}

static void answer_failure(struct dns_server *server, const struct exchange *exchange)
{
	uint8_t answer[DNS_UDP_MAX];
	size_t length =
		dns_answer_code(exchange->query, &exchange->question, DNS_SERVER_FAILURE, answer);

	answer_client(server, &exchange->client, answer, length);
}

static void end(struct exchange *exchange)
{
	file_close(exchange->fd);
	exchange->is_used = false;
}

/* To the next resolver; false when there is none. */
static bool send_once(struct dns_server *server, struct exchange *exchange)
{
	struct dns_resolvers room;
	const struct dns_resolvers *all = dns_resolvers_of(server, &exchange->client, &room);
	uint8_t query[DNS_QUERY_MAX];

	file_close(exchange->fd);
	exchange->fd = -1;
	unsigned attempt = exchange->attempts++;
	if (all->count == 0) {
		return false;
	}
	const union dns_socket_address *resolver = &all->list[attempt % all->count];
	exchange->fd =
		socket(resolver->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (exchange->fd < 0 || getrandom(&exchange->id, sizeof(exchange->id), 0) < 0) {
		return false;
	}
	memcpy(query, exchange->query, exchange->length);
	dns_set_id(query, exchange->id);
	exchange->deadline = timestamp_ms() + DNS_ATTEMPT_MS;
	return connect(exchange->fd, &resolver->any, dns_socket_size(resolver)) == 0 &&
	       send(exchange->fd, query, exchange->length, MSG_NOSIGNAL) >= 0 &&
	       dns_watch(server, exchange->fd, EPOLLIN, DNS_SOURCE_EXCHANGE,
			 (size_t)(exchange - exchanges)) == 0;
}

static void send_next(struct dns_server *server, struct exchange *exchange)
{
	while (exchange->attempts < DNS_ATTEMPTS_MAX) {
		if (send_once(server, exchange)) {
			return;
		}
	}
	answer_failure(server, exchange);
	end(exchange);
}

/* A free place, unless the client has its share. */
static struct exchange *find_free(const union dns_socket_address *client)
{
	struct exchange *found = NULL;
	size_t of_client = 0;

	for (size_t i = 0; i < DNS_EXCHANGES_MAX; i++) {
		if (!exchanges[i].is_used) {
			found = &exchanges[i];
		} else if (dns_same_host(&exchanges[i].client, client)) {
			of_client++;
		}
	}
	return of_client < DNS_EXCHANGES_CLIENT ? found : NULL;
}

static void forward(struct dns_server *server, const union dns_socket_address *client,
		    const struct dns_question *question, const uint8_t *query, size_t length)
{
	struct exchange *exchange = find_free(client);

	if (!exchange) {
		return; /* the client asks again */
	}
	exchange->is_used = true;
	exchange->fd = -1;
	exchange->attempts = 0;
	exchange->client = *client;
	exchange->question = *question;
	exchange->length = length;
	memcpy(exchange->query, query, length);
	send_next(server, exchange);
}

static bool receive_one(struct dns_server *server)
{
	uint8_t query[DNS_QUERY_MAX + 1], answer[DNS_UDP_MAX];
	union dns_socket_address client;
	struct dns_question question;
	socklen_t size = sizeof(client);
	ssize_t length =
		recvfrom(server->udp, query, sizeof(query), MSG_DONTWAIT, &client.any, &size);

	if (length < 0) {
		return errno == EINTR;
	}
	if (length > DNS_QUERY_MAX) {
		return true;
	}
	int decided = dns_decide(server, &client, query, (size_t)length, &question, answer,
				 sizeof(answer));
	if (decided > 0) {
		answer_client(server, &client, answer, (size_t)decided);
	} else if (decided == 0) {
		forward(server, &client, &question, query, (size_t)length);
	}
	return true;
}

void dns_udp_receive(struct dns_server *server)
{
	for (int i = 0; i < BATCH && receive_one(server); i++) {
	}
}

void dns_udp_answered(struct dns_server *server, size_t index)
{
	static uint8_t answer[DNS_MESSAGE_MAX];
	struct exchange *exchange = &exchanges[index];

	if (!exchange->is_used) {
		return;
	}
	ssize_t length = recv(exchange->fd, answer, sizeof(answer), MSG_DONTWAIT);
	if (length < 0) {
		/* Nobody there: at once to the next. */
		if (errno != EAGAIN && errno != EINTR) {
			send_next(server, exchange);
		}
		return;
	}
	if (dns_is_answer(answer, (size_t)length, exchange->query, &exchange->question,
			  exchange->id)) {
		dns_set_id(answer, exchange->question.id);
		answer_client(server, &exchange->client, answer, (size_t)length);
		end(exchange);
	}
}

int64_t dns_udp_expire(struct dns_server *server, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < DNS_EXCHANGES_MAX; i++) {
		struct exchange *exchange = &exchanges[i];
		if (exchange->is_used && exchange->deadline <= now) {
			send_next(server, exchange);
		}
		if (exchange->is_used && exchange->deadline < next) {
			next = exchange->deadline;
		}
	}
	return next;
}
