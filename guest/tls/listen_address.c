/* SPDX-License-Identifier: Apache-2.0 */
#include "listen_address.h"
#include "file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024

bool listen_address_split(const char *text, char *host, size_t host_size, char *port,
			  size_t port_size)
{
	const char *colon = strrchr(text, ':');
	bool is_bracketed = text[0] == '[';
	char *end;

	if (!colon || colon == text) {
		return false;
	}
	size_t length = (size_t)(colon - text);
	if (is_bracketed && (length < 3 || text[length - 1] != ']')) {
		return false;
	}
	if (is_bracketed) {
		text++;
		length -= 2;
	}
	/* A colon in the host without brackets is an IPv6 address without its port. */
	if (length >= host_size || (!is_bracketed && memchr(text, ':', length))) {
		return false;
	}
	unsigned long number = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end || number > 65535) {
		return false;
	}
	memcpy(host, text, length);
	host[length] = '\0';
	return (size_t)snprintf(port, port_size, "%lu", number) < port_size;
}

void listen_peer_name(const struct sockaddr *peer, char *name, size_t size)
{
	char host[INET6_ADDRSTRLEN], port[8];
	socklen_t length = peer->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						      : sizeof(struct sockaddr_in6);

	if (getnameinfo(peer, length, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(name, size, "?");
		return;
	}
	snprintf(name, size, peer->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int open_first(const struct addrinfo *list)
{
	int on = 1;

	for (; list; list = list->ai_next) {
		int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0) {
			continue;
		}
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, list->ai_addr, list->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
			return fd;
		}
		file_close(fd);
	}
	return -1;
}

int listen_address_open(const char *text)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
	char host[256], port[8], name[64];
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
	} own;
	socklen_t size = sizeof(own);

	if (!listen_address_split(text, host, sizeof(host), port, sizeof(port))) {
		fprintf(stderr, "bh-tls: --listen %s is no HOST:PORT\n", text);
		return -1;
	}
	int error = getaddrinfo(host, port, &hints, &list);
	if (error) {
		fprintf(stderr, "bh-tls: --listen %s: %s\n", text, gai_strerror(error));
		return -1;
	}
	int fd = open_first(list);
	freeaddrinfo(list);
	if (fd < 0 || getsockname(fd, &own.any, &size) < 0) {
		fprintf(stderr, "bh-tls: cannot listen at %s: %s\n", text, strerror(errno));
		return -1;
	}
	listen_peer_name(&own.any, name, sizeof(name));
	fprintf(stderr, "bh-tls: listening at %s\n", name);
	return fd;
}
