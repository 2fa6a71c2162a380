/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client and its connection to the engine.
 *
 *   HANDSHAKE -> CONNECT -> RELAY -> (connection_free)
 *
 * Any of them ends by a failure, HANDSHAKE and CONNECT by their deadline.
 */
#pragma once

#include "credentials.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONNECTION_BLOCK 16384 /* a record of TLS at most */

enum connection_state {
	CONNECTION_HANDSHAKE,
	CONNECTION_CONNECT, /* the engine's queue is full: tried again */
	CONNECTION_RELAY,
	CONNECTION_OVER,
};

/* Bytes that could not be written yet; as long as there are some, no more are read. */
struct pending {
	char *data;
	size_t length, sent;
};

struct connection {
	struct connection *next, **link; /* of the list that it is in */
	enum connection_state state;
	int client, engine;                    /* engine: -1 before CONNECT has succeeded */
	uint32_t client_events, engine_events; /* as epoll knows them; 0: not watched */
	struct credentials *credentials;
	gnutls_session_t session;
	int64_t deadline; /* milliseconds, monotonic; of HANDSHAKE and CONNECT */
	struct pending to_engine, to_client;
	bool client_ended, engine_ended; /* nothing more comes from there */
	bool told_engine, told_client;   /* ... and the other side knows */
	bool has_more;                   /* stopped in the middle, for the others' sake */
	char peer[64];
};

/* Takes the descriptor, also on failure (NULL). */
struct connection *connection_new(int client, struct credentials *credentials, const char *peer,
				  int64_t deadline);
void connection_free(struct connection *connection);
/* Does what can be done now without waiting. `engine` is the path of the engine's socket. */
void connection_work(struct connection *connection, const char *engine);
/* What to wait for: epoll's events, 0 for none. */
uint32_t connection_client_events(const struct connection *connection);
uint32_t connection_engine_events(const struct connection *connection);
