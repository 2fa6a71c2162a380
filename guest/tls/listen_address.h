/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of TCP as text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* A listening socket at HOST:PORT or [V6]:PORT, told on standard error with its port; -1 after a
 * message. */
int listen_address_open(const char *text);
/* Splits; false when it is no HOST:PORT. Pure. */
bool listen_address_split(const char *text, char *host, size_t host_size, char *port,
			  size_t port_size);
void listen_peer_name(const struct sockaddr *peer, char *name, size_t size);
