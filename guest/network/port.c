/* SPDX-License-Identifier: Apache-2.0 */
#include "port.h"
#include "file.h"
#include "privilege.h"

#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t fill(union socket_address *address, const struct address *host, int family,
		      uint16_t port)
{
	*address = (union socket_address){0};
	address->any.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		address->v4.sin_port = htons(port);
		if (host->family) {
			memcpy(&address->v4.sin_addr, host->bytes, 4);
		}
		return sizeof(address->v4);
	}
	address->v6.sin6_port = htons(port);
	if (host->family) {
		memcpy(&address->v6.sin6_addr, host->bytes, 16);
	}
	return sizeof(address->v6);
}

/* A server's old connections in TIME_WAIT are no reason to refuse, so SO_REUSEADDR while binding;
 * and not afterwards, so that nobody else can share the port. */
static int bind_socket(const union socket_address *address, socklen_t length, uint8_t protocol)
{
	int on = 1, off = 0, little = 1;
	bool is_udp = protocol == IPPROTO_UDP;
	int fd = socket(address->any.sa_family, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC,
			protocol);

	if (fd < 0) {
		return -1;
	}
	if (address->any.sa_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, is_udp ? 0 : sizeof(on));
	/* What is not translated lands here, and nobody reads it. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	if (bind(fd, &address->any, length) < 0) {
		file_close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off));
	return fd;
}

static uint16_t bound_port(int fd)
{
	union socket_address address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, &address.any, &length) < 0) {
		return 0;
	}
	return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

static int refuse(const struct port *port, int error, struct failure *failure)
{
	char host[ADDRESS_TEXT_MAX] = "0.0.0.0", range[16] = "";

	if (port->host.family) {
		address_text(&port->host, host);
	}
	if (port->host_last > port->host_port) {
		snprintf(range, sizeof(range), "-%u", port->host_last);
	}
	if (error == EADDRINUSE) {
		return fail(failure, "conflict",
			    "Bind for %s:%u%s failed: port is already allocated (%s); publish "
			    "another port, or end what uses it",
			    host, port->host_port, range, port_protocol_name(port->protocol));
	}
	return fail(failure, error == EADDRNOTAVAIL ? "bad-input" : fail_kind(error),
		    "cannot publish %s:%u/%s: %s%s", host, port->host_port,
		    port_protocol_name(port->protocol), strerror(error),
		    error == EADDRNOTAVAIL ? "; this host has no such address" : "");
}

/* The first free one of the port's range. */
static int bind_first(struct port *port, int family)
{
	unsigned last = port->host_last > port->host_port ? port->host_last : port->host_port;

	for (unsigned number = port->host_port; number <= last; number++) {
		union socket_address address;
		socklen_t length = fill(&address, &port->host, family, (uint16_t)number);
		int fd = bind_socket(&address, length, port->protocol);
		if (fd >= 0) {
			port->host_port = number ? (uint16_t)number : bound_port(fd);
			port->host_last = port->host_port;
			return fd;
		}
		if (errno != EADDRINUSE) {
			return -1;
		}
	}
	return -1;
}

/* Binds a port in each family that its rules will be in. */
static int bind_port(struct endpoint *endpoint, struct port *port, int *sockets, size_t *count,
		     struct failure *failure)
{
	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;
		if (!endpoint->address[i].family ||
		    (port->host.family && port->host.family != family)) {
			continue;
		}
		int fd = bind_first(port, family);
		/* A kernel without SCTP sockets can still translate it. */
		if (fd < 0 && !(port->protocol == IPPROTO_SCTP && errno == EPROTONOSUPPORT)) {
			return refuse(port, errno, failure);
		}
		if (fd >= 0) {
			sockets[(*count)++] = fd;
		}
	}
	if (port->host_port == 0) {
		return fail(failure, "bad-input",
			    "cannot publish port %u/%s: the container has no address of the family",
			    port->container_port, port_protocol_name(port->protocol));
	}
	return 0;
}

int port_bind(struct endpoint *endpoint, int **sockets, size_t *count, struct failure *failure)
{
	*count = 0;
	*sockets = memory_zeroed(endpoint->port_count * 2, sizeof(**sockets));
	privilege_raise_files();
	for (size_t i = 0; i < endpoint->port_count; i++) {
		if (bind_port(endpoint, &endpoint->ports[i], *sockets, count, failure) < 0) {
			port_close(*sockets, *count);
			*sockets = NULL;
			*count = 0;
			return -1;
		}
	}
	return 0;
}

void port_close(int *sockets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		close(sockets[i]);
	}
	free(sockets);
}
