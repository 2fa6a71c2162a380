/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 to the engine's Unix socket: one request a connection, answers of known length or in
 * chunks, and connections that become a raw stream (RFC 9112, "Message Body Length" and "Upgrade").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "json.h"
#include "text.h"

#define HTTP_API            "/v1.41"
#define HTTP_DEFAULT_SOCKET "/run/docker.sock"

struct http {
	int fd;
	int status;
	bool is_chunked;
	int64_t left; /* of the body or chunk; -1: until the end of the connection */
	bool is_at_end;
	char buffer[16384]; /* what was read and not taken yet: from `start` to `end` */
	size_t start, end;
	char *error; /* in words, when a function has returned false */
};

struct http_request {
	const char *method;
	const char *path;   /* behind HTTP_API, encoded */
	json *body;         /* NULL: none */
	const char *type;   /* of a streamed body; then chunks follow by http_send_chunk() */
	const char *auth;   /* X-Registry-Auth, or NULL */
	const char *config; /* X-Registry-Config, or NULL */
	bool is_upgrade;
};

/* Connects, sends the request. False: http.error. Close it in both cases. */
bool http_send(struct http *http, const struct http_request *request);
/* length 0 ends the body. */
bool http_send_chunk(struct http *http, const void *bytes, size_t length);
/* Reads status and headers. */
bool http_receive(struct http *http);
/* Some bytes of the body: their number, 0 at its end, -1 on failure. */
ptrdiff_t http_read(struct http *http, void *bytes, size_t room);
/* All of it; at most 64 MiB. */
bool http_read_all(struct http *http, struct text *body);
void http_close(struct http *http);

/* Adds a path's or query's value, everything but unreserved letters encoded. */
void http_encode(struct text *path, const char *value);
