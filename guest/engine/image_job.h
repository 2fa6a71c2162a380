/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker on the image store whose progress the client sees: the reply's status waits for the
 * first line, so that what fails at once has a status of its own; later errors are lines of the
 * stream.
 */
#pragma once

#include "http.h"
#include "progress.h"
#include "image_store.h"

struct image_job;

/* Stores the result (within the loop, once) and says what there is to say; returns NULL, or why it
 * failed: a constant. The job ends behind it. */
typedef const char *(*image_job_finish)(struct image_job *job, json *result);

struct image_job {
	image_job_finish finish;
	char *name;               /* normal name of the image, or NULL */
	char *id;                 /* ID of the image, or NULL */
	bool is_quiet;            /* no progress */
	struct progress progress; /* the job's own */
};

/* Starts it; the strings are taken. `call` needs arguments, request and descriptors only. */
void image_job_start(struct request *request, struct worker_call *call,
		     const struct image_job *template);
/* A job whose workers the caller starts itself; image_job_end() ends it: error NULL for success,
 * else `kind` (worker.h) with it. */
struct image_job *image_job_begin(struct request *request, const struct image_job *template);
void image_job_end(struct image_job *job, const char *error, const char *kind);
/* {"status": words} */
void image_job_say(struct image_job *job, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
