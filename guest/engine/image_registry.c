/* SPDX-License-Identifier: Apache-2.0 */
/* pull, push, login: what bh-image does with a registry. */
#include "db.h"
#include "engine.h"
#include "image.h"
#include "image_import.h"
#include "image_job.h"
#include "image_ref.h"
#include "image_routes.h"
#include "registry_auth.h"
#include "registry_insecure.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Normal name of repo and tag as the client gives them; a tag may be a digest. NULL: no valid name.
 */
static char *name_of(const char *repo, const char *tag)
{
	char *name = image_ref_join(repo, tag);
	char *ref = image_ref_normal(name);

	free(name);
	return ref;
}

static char *digest_name(const char *ref, const char *digest)
{
	char *repository = image_ref_repository(ref);
	char *name = text_format("%s@%s", repository, digest);

	free(repository);
	return name;
}

/* In one transaction: image, name, digest. */
static const char *keep_pulled(json *image, const char *ref)
{
	const char *id = json_get_string(image, "id", "");
	const char *digest = json_get_string(image, "digest", NULL);
	char *by_digest = digest ? digest_name(ref, digest) : NULL;
	bool ok = db_end(db_begin(true) == 0 && image_insert(image, NULL) == 0 &&
			 (strchr(ref, '@') || image_tag(ref, id) == 0) &&
			 (!by_digest || image_add_digest(by_digest, id) == 0));

	free(by_digest);
	return ok ? NULL
		  : "the image was not recorded: its configuration is wrong, or the engine's "
		    "database refuses it (its log says why)";
}

static const char *finish_pull(struct image_job *job, json *result)
{
	json *image = json_get_object(result, "image");
	const char *id = json_get_string(image, "id", "");
	const char *digest = json_get_string(image, "digest", NULL);
	char *old = image_find(job->name, NULL);
	bool is_new = !old || strcmp(old, id) != 0;
	const char *error = keep_pulled(image, job->name);

	free(old);
	if (!error) {
		char *familiar = image_ref_familiar(job->name);
		if (digest) {
			image_job_say(job, "Digest: %s", digest);
		}
		image_job_say(job, "Status: %s for %s",
			      is_new ? "Downloaded newer image" : "Image is up to date", familiar);
		image_event("pull", id, familiar);
		free(familiar);
	}
	return error;
}

static json *pull_request(const char *ref, json *auth, const char *platform)
{
	json *request = registry_request(ref, auth);

	json_set_string(request, "platform", platform && *platform ? platform : "linux/amd64");
	return request;
}

static void post_create(struct request *request)
{
	const char *from = request_query(request, "fromImage");
	const char *tag = request_query(request, "tag");

	if (!from || !*from) {
		image_import(request);
		return;
	}
	char *ref = name_of(from, tag);
	if (!ref) {
		reply_error(request, 400, "invalid reference format: %s%s%s", from, tag ? ":" : "",
			    tag ? tag : "");
		return;
	}
	/* Neither tag nor digest: all tags. */
	if ((!tag || !*tag) && !image_ref_has_version(from)) {
		char *name = image_ref_repository(ref);
		free(ref);
		image_pull_all(request, name);
		return;
	}
	struct image_job job = {.finish = finish_pull, .name = ref};
	struct worker_call call = {.arguments = {"pull", ref},
				   .request = pull_request(ref, registry_auth(request),
							   request_query(request, "platform"))};
	image_job_start(request, &call, &job);
}

/* --- for the builder and others --- */
struct pull {
	char *ref;
	void (*say)(void *context, json *line);
	void (*done)(void *context, const char *error, const char *kind);
	void *context;
};

static void on_pull_progress(void *context, json *line)
{
	struct pull *pull = context;

	pull->say(pull->context, line);
}

static void on_pulled(void *context, json *result, const char *error, const char *kind)
{
	struct pull *pull = context;

	if (!error) {
		error = keep_pulled(json_get_object(result, "image"), pull->ref);
		kind = "io";
	}
	pull->done(pull->context, error, kind);
	free(pull->ref);
	free(pull);
}

void image_pull(const char *ref, json *auth, const char *platform,
		void (*say)(void *context, json *line),
		void (*done)(void *context, const char *error, const char *kind), void *context)
{
	struct pull *pull = memory_zeroed(1, sizeof(*pull));

	*pull = (struct pull){text_copy(ref), say, done, context};
	struct worker_call call = {.arguments = {"pull", pull->ref},
				   .request = pull_request(ref, auth, platform),
				   .progress = on_pull_progress,
				   .done = on_pulled,
				   .context = pull};
	image_worker(&call);
}

/* --- push --- */
/* What was packed for it is kept, so that the next push need not. */
static const char *keep_pushed(struct image_job *job, json *result, const char *digest)
{
	json *image = json_get_object(result, "image");
	char *name = digest_name(job->name, digest);
	bool ok = db_end(db_begin(true) == 0 && (!image || image_insert(image, NULL) == 0) &&
			 image_add_digest(name, job->id) == 0);

	free(name);
	return ok ? NULL
		  : "it was pushed, but its digest was not recorded: the engine's database refuses "
		    "it";
}

static const char *finish_push(struct image_job *job, json *result)
{
	const char *digest = json_get_string(result, "digest", "");
	const char *tag = image_ref_tag(job->name);
	int64_t size = json_get_int(result, "size", 0);
	const char *error = keep_pushed(job, result, digest);

	if (!error) {
		json *line = json_object_new_object();
		json *aux = json_object_new_object();
		char *familiar = image_ref_familiar(job->name);
		image_job_say(job, "%s: digest: %s size: %lld", tag, digest, (long long)size);
		json_set_string(aux, "Tag", tag);
		json_set_string(aux, "Digest", digest);
		json_set_int(aux, "Size", size);
		json_set(line, "progressDetail", json_object_new_object());
		json_set(line, "aux", aux);
		progress_send(&job->progress, line);
		json_object_put(line);

		image_event("push", job->id, familiar);
		free(familiar);
	}
	return error;
}

static void post_push(struct request *request)
{
	const char *name = request_parameter(request, 0);
	char *ref = name_of(name, request_query(request, "tag"));
	char *id = ref ? image_find(ref, NULL) : NULL;

	if (!id) {
		reply_error(request, ref ? 404 : 400,
			    ref ? "An image does not exist locally with the tag: %s"
				: "invalid reference format: %s",
			    name);
		free(ref);
		return;
	}
	json *body = registry_request(ref, registry_auth(request));
	json_set(body, "image", image_load(id));
	struct image_job job = {.finish = finish_push, .name = ref, .id = id};
	struct worker_call call = {.arguments = {"push", ref}, .request = body};
	image_job_start(request, &call, &job);
}

/* --- login --- */
static void reply_login(struct request *request, json *result)
{
	json *reply = json_object_new_object();

	json_set_string(reply, "Status", json_get_string(result, "status", "Login Succeeded"));
	json_set_string(reply, "IdentityToken", json_get_string(result, "identitytoken", ""));
	reply_json(request, 200, reply);
}

static void post_auth(struct request *request)
{
	json *body = request_body(request);
	const char *server = json_get_string(body, "serveraddress", "");

	struct worker_call call = {
		.arguments = {"login", *server ? server : "docker.io"},
		.request = registry_request(server, body ? json_object_get(body) : NULL)};
	worker_reply(request, &call, reply_login);
}

const struct route image_registry_routes[3] = {
	{"POST", "/images/create", post_create, ROUTE_BODY},
	{"POST", "/images/{name...}/push", post_push, 0},
	{"POST", "/auth", post_auth, 0},
};
