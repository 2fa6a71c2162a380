/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the name server share. One thread, one epoll loop, no allocation by a client
 * but one answer of a resolver over TCP each. */
#pragma once

#include "dns_table.h"
#include "timestamp.h"

#define DNS_RESOLVERS_MAX      3   /* as in resolv.conf(5) */
#define DNS_EXCHANGES_MAX      256 /* questions over UDP that wait for a resolver */
#define DNS_EXCHANGES_CLIENT   64  /* of one client */
#define DNS_CONNECTIONS_MAX    64  /* over TCP */
#define DNS_CONNECTIONS_CLIENT 8
#define DNS_ATTEMPT_MS         1500 /* for a resolver to answer */
#define DNS_ATTEMPTS_MAX       3
#define DNS_TCP_MS             8000 /* for a client to ask, a resolver to answer, a client to read */

union dns_socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct dns_resolvers {
	union dns_socket_address list[DNS_RESOLVERS_MAX];
	size_t count;
};

/* Who an event is for: the epoll data, with an index where there are several. */
enum dns_source {
	DNS_SOURCE_UDP,
	DNS_SOURCE_TCP,
	DNS_SOURCE_TABLE,
	DNS_SOURCE_EXCHANGE,
	DNS_SOURCE_CLIENT,
	DNS_SOURCE_UPSTREAM,
};

struct dns_server {
	struct dns_table table;
	struct dns_resolvers resolvers;
	union dns_socket_address own; /* never asked */
	bool forwards;
	int epoll, udp, tcp;
};

int dns_watch(struct dns_server *server, int fd, uint32_t events, enum dns_source source,
	      size_t index);
int dns_rewatch(struct dns_server *server, int fd, uint32_t events, enum dns_source source,
		size_t index);
socklen_t dns_socket_size(const union dns_socket_address *address);
bool dns_same_host(const union dns_socket_address *a, const union dns_socket_address *b);
/* The nameserver lines of a resolv.conf(5), without `own`. Pure. */
void dns_resolvers_parse(const char *text, const union dns_socket_address *own,
			 struct dns_resolvers *resolvers);

/* Whom to ask for that client: its own servers, or the host's; `room` may be filled. */
const struct dns_resolvers *dns_resolvers_of(const struct dns_server *server,
					     const union dns_socket_address *client,
					     struct dns_resolvers *room);

/* The answer to a client's question, by the table. Its length; 0: ask a resolver; -1: no answer. */
int dns_decide(struct dns_server *server, const union dns_socket_address *client,
	       const uint8_t *query, size_t length, struct dns_question *question, uint8_t *answer,
	       size_t room);

/* dns_udp.c */
void dns_udp_receive(struct dns_server *server);
void dns_udp_answered(struct dns_server *server, size_t index);
/* Handles what has waited too long; the time of the next deadline, INT64_MAX when there is none. */
int64_t dns_udp_expire(struct dns_server *server, int64_t now);

/* dns_tcp.c */
void dns_tcp_accept(struct dns_server *server);
void dns_tcp_client(struct dns_server *server, size_t index);
void dns_tcp_upstream(struct dns_server *server, size_t index);
int64_t dns_tcp_expire(struct dns_server *server, int64_t now);
