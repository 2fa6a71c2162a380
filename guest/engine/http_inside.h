/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP server share. */
#pragma once

#include "http.h"
#include "loop.h"
#include "route.h"
#include "text.h"

#include <microhttpd.h>

#define REQUEST_HEADERS 8

struct request {
	struct MHD_Connection *connection; /* NULL: the client has gone */
	const char *method;
	unsigned version;
	struct route_match match;
	struct text body_text;
	json *body;
	bool body_too_large;
	int body_fd; /* of request_body_to_fd(), or -1 */
	struct loop_fd *body_watch;
	bool is_dispatched; /* the handler was called */
	bool is_suspended;
	bool is_answered;
	struct MHD_Response *response; /* waits to be queued */
	unsigned status;
	char *headers[REQUEST_HEADERS][2]; /* of the reply */
	size_t header_count;
};

void request_suspend(struct request *request);
void request_resume(struct request *request);
/* Gives the reply to the server; takes the response. Frees the request if the client has gone. */
void request_answer(struct request *request, unsigned status, struct MHD_Response *response);
void request_free(struct request *request);
/* The body's bytes; *length is what was not taken. */
void request_take_body(struct request *request, const char *bytes, size_t *length);
void request_end_body(struct request *request);
/* Adds the headers that each reply has, and answers. `type` may be NULL. */
void reply_response(struct request *request, unsigned status, const char *type,
		    struct MHD_Response *response);
/* --- http_connection.c --- */
/* MHD_OPTION_NOTIFY_CONNECTION */
void connection_notify(void *context, struct MHD_Connection *server_connection, void **place,
		       enum MHD_ConnectionNotificationCode code);
/*
 * Calls `gone` when the client closes its side; one watch at a time. *holder is set, and NULL again
 * when the connection is no more. False: it has gone already.
 */
struct connection;
bool connection_watch(struct MHD_Connection *server_connection, void (*gone)(void *context),
		      void *context, struct connection **holder);
/* NULL is allowed. */
void connection_unwatch(struct connection *connection);
/* The socket is given to somebody else: it is not looked at any more. */
void connection_release(struct MHD_Connection *server_connection);
