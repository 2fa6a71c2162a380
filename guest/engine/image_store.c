/* SPDX-License-Identifier: Apache-2.0 */
#include "image_store.h"
#include "db.h"
#include "engine.h"
#include "loop.h"
#include "text.h"

#include <stdlib.h>

struct job {
	struct job *next; /* of those that wait */
	struct worker_call call;
	worker_progress_fn progress;
	worker_done_fn done;
	void *context;
};

struct listener {
	struct listener *next;
	void (*done)(void *context, int64_t bytes);
	void *context;
};

static struct job *waiting;
/* Those who asked before a collection began are told at its end. */
static struct listener *listeners, *served;
static int running;
static bool is_collecting, is_wanted;

static void collect_if_idle(void);

static void start_job(struct job *job)
{
	struct worker_call call = job->call; /* the job may end before this returns */

	running++;
	worker_start(&call);
}

static void on_job_progress(void *context, json *line)
{
	struct job *job = context;

	if (job->progress) {
		job->progress(job->context, line);
	}
}

static void on_job_done(void *context, json *result, const char *error, const char *kind)
{
	struct job *job = context;

	job->done(job->context, result, error, kind);
	free(job);
	running--;
	collect_if_idle();
}

void image_worker(const struct worker_call *call)
{
	struct job *job = memory_zeroed(1, sizeof(*job));

	job->call = *call;
	job->progress = call->progress;
	job->done = call->done;
	job->context = call->context;
	job->call.progress = on_job_progress;
	job->call.done = on_job_done;
	job->call.context = job;
	if (is_collecting) {
		struct job **last = &waiting;
		while (*last) {
			last = &(*last)->next;
		}
		*last = job;
	} else {
		start_job(job);
	}
}

static void on_collected(void *context, json *result, const char *error, const char *kind)
{
	struct listener *told = served;

	(void)context;
	(void)kind;
	if (error) {
		engine_log("garbage is left in the image store: %s", error);
	}
	served = NULL;
	is_collecting = false;
	while (told) {
		struct listener *next = told->next;
		told->done(told->context, json_get_int(result, "bytes", 0));
		free(told);
		told = next;
	}
	while (waiting && !is_collecting) {
		struct job *job = waiting;
		waiting = job->next;
		start_job(job);
	}
	collect_if_idle();
}

static void collect(void *context)
{
	struct worker_call call = {.arguments = {"gc"}, .done = on_collected};

	(void)context;
	if (running || is_collecting || !is_wanted) {
		return;
	}
	is_wanted = false;
	is_collecting = true;
	served = listeners;
	listeners = NULL;
	call.request = json_object_new_object();
	json_set(call.request, "layers", db_list(db_query("SELECT chain FROM layer", "")));
	json_set(call.request, "blobs",
		 db_list(db_query(
			 "SELECT blob FROM layer WHERE blob IS NOT NULL UNION SELECT id FROM image "
			 "UNION"
			 " SELECT json_extract(object, '$.manifest') FROM image WHERE"
			 " json_extract(object, '$.manifest') IS NOT NULL",
			 "")));
	worker_start(&call);
}

static void collect_if_idle(void)
{
	if (is_wanted && !running && !is_collecting) {
		loop_after(0, collect, NULL);
	}
}

void image_collect(void (*done)(void *context, int64_t bytes), void *context)
{
	if (done) {
		struct listener *listener = memory_zeroed(1, sizeof(*listener));
		*listener = (struct listener){listeners, done, context};
		listeners = listener;
	}
	is_wanted = true;
	collect_if_idle();
}
