/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker processes (bh-image, bh-network): a JSON request on descriptor 4, JSON lines of progress
 * and at last the result on descriptor 3, data on standard input and output. What one says on
 * standard error goes to the engine's log.
 */
#pragma once

#include "json.h"

#include <stdbool.h>

struct request;

/* Borrowed: copy what shall stay. */
typedef void (*worker_progress_fn)(void *context, json *line);
/*
 * Exactly once. result: the object of "result" (maybe empty),
 * borrowed; or NULL with `error` for a person and `kind` (worker convention; reply_status_of()).
 */
typedef void (*worker_done_fn)(void *context, json *result, const char *error, const char *kind);

enum worker_program { WORKER_IMAGE, WORKER_NETWORK };

struct worker_call {
	enum worker_program program;
	const char *arguments[6];    /* the command and its own; ends in NULL */
	json *request;               /* taken; NULL: {} */
	int stdin_fd;                /* taken; 0: /dev/null */
	int stdout_fd;               /* taken; 0: /dev/null */
	worker_progress_fn progress; /* may be NULL */
	worker_done_fn done;
	void *context;
	/* When the process is over, whatever came of it, also of a start that failed. May be NULL.
	 */
	void (*finished)(void *context);
	void *finished_context;
};

/* A start that fails is told by `done`, before this returns NULL. */
struct worker *worker_start(const struct worker_call *call);
/* SIGTERM; `done` comes with an error, if it was not over. */
void worker_stop(struct worker *worker);
/* The body goes to the worker's standard input (ROUTE_BODY). False: a reply was sent. */
bool worker_take_body(struct request *request, struct worker_call *call);

/*
 * Two usual forms of a route. Each answers the request: an error of the worker is a reply_error
 * with its words and the status of its kind.
 * - worker_download: the worker's standard output is the reply's body (type as given).
 * - worker_reply: the result is what `reply` makes of it, or 200 with the result itself (NULL).
 * The call's stdout_fd, done and context are set here. With worker_download the status is sent when
 * the first byte has come; a failure after that cuts the reply.
 */
void worker_download(struct request *request, struct worker_call *call, const char *type);
void worker_reply(struct request *request, struct worker_call *call,
		  void (*reply)(struct request *request, json *result));
