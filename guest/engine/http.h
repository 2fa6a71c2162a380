/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and replies of the Docker Engine API. A handler (route.h) answers at once or later: one
 * that returns without a reply_ call leaves the request waiting, and any reply_ call from another
 * callback of the loop answers it. A request is valid until it was answered, also when its client
 * has gone; after the reply_ call it must not be used, except for what a stream is.
 */
#pragma once

#include "json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct request;
struct stream;

/* --- what was asked. All strings are borrowed from the request. --- */
/* Of the client's path: 143 for /v1.43; the engine's own without one. */
unsigned request_version(struct request *request);
const char *request_parameter(struct request *request, size_t index);
/* Decoded; NULL when it is not there. */
const char *request_query(struct request *request, const char *key);
/* Docker's rule: "", "0", "no", "false", "none" are false, all else is true. */
bool request_query_bool(struct request *request, const char *key, bool fallback);
/* False when it is there and no number (the reply is sent then); absent: *value is left. */
bool request_query_int(struct request *request, const char *key, int64_t *value);
/* All values of the key, an array of strings; the caller puts it. */
json *request_query_list(struct request *request, const char *key);
const char *request_header(struct request *request, const char *name);
/* The body's object, or NULL when there was no body. Borrowed. */
json *request_body(struct request *request);

/* --- replies --- */
/* Takes the value. */
void reply_json(struct request *request, unsigned status, json *value);
void reply_empty(struct request *request, unsigned status);
/* {"message":"..."} */
void reply_error(struct request *request, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with words in fresh memory, which are freed; NULL is no error: false, and no reply. */
bool reply_wrong(struct request *request, unsigned status, char *words);
void reply_text(struct request *request, unsigned status, const char *type, const char *text);
/* A header of the reply that comes. */
void reply_header(struct request *request, const char *name, const char *value);
/* The HTTP status of a worker's "kind" of error (not-found: 404, ...). */
unsigned reply_status_of(const char *kind);

/* --- bodies that are streams (ROUTE_BODY) --- */
/*
 * Bytes of the body go to `fd` (a pipe or socket, made non-blocking, closed at the body's end), as
 * fast as it takes them. Nobody reading at the other end is no error: the rest is dropped.
 */
void request_body_to_fd(struct request *request, int fd);

/* --- replies that are streams --- */
/* Called when the client has gone; the stream is no more. */
typedef void (*stream_gone_fn)(void *context);
/* Called when the buffer has room again after stream_write() returned false. */
typedef void (*stream_room_fn)(void *context);

/* Sends the headers at once. NULL when the client has gone: the request is answered then. */
struct stream *reply_stream(struct request *request, unsigned status, const char *type,
			    stream_gone_fn gone, stream_room_fn room, void *context);
/* Buffers all; false: enough for now (64 KiB), go on when `room` was called. */
bool stream_write(struct stream *stream, const void *bytes, size_t length);
/* One JSON object and a line's end. Borrows the value. */
bool stream_json(struct stream *stream, json *value);
/* How much waits to be sent. */
size_t stream_pending(struct stream *stream);
/* The last byte was written; `gone` is not called any more, and the stream must not be used. */
void stream_end(struct stream *stream);
/* The same for a failure: the client sees that the reply is cut. */
void stream_abort(struct stream *stream);
/* A stream from a pipe to its end: takes and closes `fd`. `gone` is called at any end. */
void reply_from_fd(struct request *request, const char *type, int fd, stream_gone_fn gone,
		   void *context);

/*
 * The connection becomes the caller's: `take` gets the client's socket, which it owns, and bytes
 * that came with the request. A client that does not ask for the upgrade gets a reply that streams
 * what the caller writes into the socket.
 */
typedef void (*hijack_fn)(void *context, int fd, const char *extra, size_t extra_length);
void reply_hijack(struct request *request, const char *type, hijack_fn take, void *context);

/* --- the server --- */
/* Takes a listening socket. */
int http_listen(int fd);
void http_close(void);
