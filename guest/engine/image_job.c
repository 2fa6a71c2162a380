/* SPDX-License-Identifier: Apache-2.0 */
#include "image_job.h"
#include "engine.h"
#include "text.h"

#include <stdarg.h>
#include <stdlib.h>

void image_job_say(struct image_job *job, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	progress_say(&job->progress, "status", text_vformat(format, arguments));
	va_end(arguments);
}

static void on_progress(void *context, json *line)
{
	struct image_job *job = context;

	if (!job->is_quiet) {
		progress_send(&job->progress, line);
	}
}

void image_job_end(struct image_job *job, const char *error, const char *kind)
{
	if (error && job->progress.request) {
		reply_error(job->progress.request, reply_status_of(kind), "%s", error);
	} else if (error) {
		progress_error(&job->progress, error);
	} else if (job->progress.request) {
		reply_empty(job->progress.request, 200);
	}
	progress_end(&job->progress);

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
	job->progress.request = request;
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
