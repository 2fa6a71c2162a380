/* SPDX-License-Identifier: Apache-2.0 */
#include "push_blob.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "report.h"

#define TRIES         4
#define ANSWER_LIMIT  65536
#define PROGRESS_STEP (1u << 20)

bool push_has(struct registry *registry, const struct push_blob *blob)
{
	char *path = text_format("%s/blobs/%s", blob->path, blob->digest.text);
	struct http_call call = {.method = "HEAD", .limit = ANSWER_LIMIT};
	struct http_reply reply;

	registry_call(registry, path, &call, &reply);
	http_reply_free(&reply);
	free(path);
	return reply.status == 200;
}

/* Where the answer sends the upload. */
static char *location_of(const struct registry *registry, const struct http_reply *reply,
			 const char *asked)
{
	char *base = registry_url(registry, asked);
	char *location = reply->location[0] ? http_resolve(base, reply->location) : NULL;

	if (!location) {
		fail(FAIL_UNAVAILABLE, "the registry does not say where to send a blob to");
	}
	free(base);
	return location;
}

bool push_begin(struct registry *registry, const struct push_blob *blob, char **location)
{
	struct text path = {0};
	struct http_call call = {.method = "POST", .limit = ANSWER_LIMIT};
	struct http_reply reply;

	text_printf(&path, "%s/blobs/uploads/", blob->path);
	if (blob->from) {
		char *from = http_escape(blob->from);
		text_printf(&path, "?mount=%s&from=%s", blob->digest.text, from);
		free(from);
	}
	registry_call(registry, path.data, &call, &reply);
	bool is_mounted = reply.status == 201 && blob->from;
	if (!is_mounted && reply.status != 202) {
		registry_fail(registry, &reply, "cannot begin to send a blob");
	}
	*location = is_mounted ? NULL : location_of(registry, &reply, path.data);
	http_reply_free(&reply);
	text_free(&path);
	return is_mounted;
}

struct progress {
	const struct push_blob *blob;
	uint64_t told;
};

static void show(void *opaque, uint64_t sent)
{
	struct progress *progress = opaque;

	if (progress->blob->label && sent - progress->told >= PROGRESS_STEP) {
		report_progress("Pushing", progress->blob->label, sent, progress->blob->size);
		progress->told = sent;
	}
}

/* PATCH with all of it; the next location, NULL when it is worth another try. */
static char *send_body(struct registry *registry, const struct push_blob *blob, int file,
		       const char *location)
{
	struct progress progress = {.blob = blob};
	struct http_call call = {
		.method = "PATCH",
		.content_type = "application/octet-stream",
		.file = file,
		.length = blob->size,
		.progress = show,
		.opaque = &progress,
		.limit = ANSWER_LIMIT,
	};
	struct http_reply reply;
	char *next = NULL;

	registry_try(registry, location, &call, &reply);
	if (reply.status == 202 || reply.status == 204) {
		next = reply.location[0] ? location_of(registry, &reply, location)
					 : text_copy(location);
	} else if (reply.status && reply.status < 500 && reply.status != 404) {
		registry_fail(registry, &reply, "cannot send a blob");
	}
	http_reply_free(&reply);
	return next;
}

static bool close_upload(struct registry *registry, const struct push_blob *blob,
			 const char *location)
{
	char *path = text_format("%s%cdigest=%s", location, strchr(location, '?') ? '&' : '?',
				 blob->digest.text);
	struct http_call call = {.method = "PUT", .limit = ANSWER_LIMIT};
	struct http_reply reply;

	registry_try(registry, path, &call, &reply);
	bool is_done = reply.status == 201 || reply.status == 204;
	if (!is_done && reply.status && reply.status < 500 && reply.status != 404) {
		registry_fail(registry, &reply, "cannot complete a blob");
	}
	http_reply_free(&reply);
	free(path);
	return is_done;
}

void push_send(struct registry *registry, const struct push_blob *blob, int file, char *location)
{
	struct push_blob plain = *blob;

	plain.from = NULL;
	for (unsigned int tries = 1;; tries++) {
		char *next = send_body(registry, blob, file, location);
		bool is_done = next && close_upload(registry, blob, next);
		free(next);
		free(location);
		if (is_done) {
			return;
		}
		if (tries == TRIES) {
			fail(FAIL_UNAVAILABLE, "the registry %s broke off %d times",
			     registry->domain, TRIES);
		}
		sleep(1u << (tries - 1));
		push_begin(registry, &plain, &location);
	}
}
