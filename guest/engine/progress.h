/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reply of JSON lines whose status waits for the first of them, so that what fails at once has a
 * status of its own; later errors are lines. A client that does not read misses lines; one that has
 * gone gets none.
 */
#pragma once

#include "http.h"

struct progress {
	struct request *request; /* NULL: the reply has begun */
	struct stream *stream;   /* NULL: not begun, or the client has gone */
	bool is_gone;
	void (*gone)(void *context); /* called when it goes; or NULL */
	void *context;
};

/* A line of any kind; borrows it. */
void progress_send(struct progress *progress, json *line);
/* {key: words}; takes the words. */
void progress_say(struct progress *progress, const char *key, char *words);
/* {"errorDetail":{"message":error},"error":error} */
void progress_error(struct progress *progress, const char *error);
/* The last line was sent; the reply must have begun, or the request be answered otherwise. */
void progress_end(struct progress *progress);
