/* SPDX-License-Identifier: Apache-2.0 */
#include "image_job.h"
#include "engine.h"
#include "text.h"

#include <stdarg.h>
#include <stdlib.h>

static void on_gone(void *context)
{
	struct image_job *job = context;

	job->stream = NULL;
	job->is_gone = true;
}

static void on_room(void *context)
{
	(void)context;
}

/* A client that does not read gets no more lines than the stream holds. */
#define PENDING_MAX (1u << 20)

void image_job_send(struct image_job *job, json *line)
{
	if (!job->stream && !job->is_gone) {
		struct request *request = job->request;
		job->request = NULL;
		job->stream = reply_stream(request, 200, "application/json", on_gone, on_room, job);
		job->is_gone = !job->stream;
	}
	if (job->stream && stream_pending(job->stream) < PENDING_MAX) {
		stream_json(job->stream, line);
	}
	json_object_put(line);
}

void image_job_say(struct image_job *job, const char *id, const char *format, ...)
{
	json *line = json_object_new_object();
	va_list arguments;

	va_start(arguments, format);
	char *words = text_vformat(format, arguments);
	va_end(arguments);
	json_set_string(line, "status", words);
	if (id) {
		json_set_string(line, "id", id);
	}
	free(words);
	image_job_send(job, line);
}

static void on_progress(void *context, json *line)
{
	struct image_job *job = context;

	if (!job->is_quiet) {
		image_job_send(job, json_object_get(line));
	}
}

static void send_error(struct image_job *job, const char *error)
{
	json *line = json_object_new_object();
	json *detail = json_object_new_object();

	json_set_string(detail, "message", error);
	json_set(line, "errorDetail", detail);
	json_set_string(line, "error", error);
	image_job_send(job, line);
}

void image_job_end(struct image_job *job, const char *error, const char *kind)
{
	if (error && job->request) {
		reply_error(job->request, reply_status_of(kind), "%s", error);
	} else if (error) {
		send_error(job, error);
	} else if (job->request) {
		reply_empty(job->request, 200);
	}
	if (job->stream) {
		stream_end(job->stream);
	}
	free(job->name);
	free(job->id);
	free(job);
}

static void on_done(void *context, json *result, const char *error, const char *kind)
{
	struct image_job *job = context;

	if (!error) {
		error = job->finish(job, result);
		kind = "bad-input"; /* the worker made it of what the client gave */
	}
	image_job_end(job, error, kind);
}

struct image_job *image_job_begin(struct request *request, const struct image_job *template)
{
	struct image_job *job = memory_zeroed(1, sizeof(*job));

	*job = *template;
	job->request = request;
	return job;
}

void image_job_start(struct request *request, struct worker_call *call,
		     const struct image_job *template)
{
	struct image_job *job = image_job_begin(request, template);

	call->progress = on_progress;
	call->done = on_done;
	call->context = job;
	image_worker(call);
}
