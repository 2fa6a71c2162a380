/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdlib.h>

#define PENDING_MAX (4u << 20) /* bytes that wait for a client */

static void on_gone(void *context)
{
	struct progress *progress = context;

	progress->stream = NULL;
	progress->is_gone = true;
	if (progress->gone) {
		progress->gone(progress->context);
	}
}

void progress_send(struct progress *progress, json *line)
{
	if (!progress->stream && !progress->is_gone) {
		struct request *request = progress->request;
		progress->request = NULL;
		progress->stream =
			reply_stream(request, 200, "application/json", on_gone, NULL, progress);
		progress->is_gone = !progress->stream;
	}
	if (progress->stream && stream_pending(progress->stream) < PENDING_MAX) {
		stream_json(progress->stream, line);
	}
}

void progress_say(struct progress *progress, const char *key, char *words)
{
	json *line = json_pair(key, words);

	progress_send(progress, line);
	json_object_put(line);
	free(words);
}

void progress_error(struct progress *progress, const char *error)
{
	json *line = json_object_new_object();

	json_set(line, "errorDetail", json_pair("message", error));
	json_set_string(line, "error", error);
	progress_send(progress, line);
	json_object_put(line);
}

void progress_end(struct progress *progress)
{
	if (progress->stream) {
		stream_end(progress->stream);
	}
}
