/* SPDX-License-Identifier: Apache-2.0 */
/* Images from and to tars: load, save, import. */
#include "db.h"
#include "dockerfile_config.h"
#include "image.h"
#include "image_import.h"
#include "image_job.h"
#include "image_ref.h"
#include "image_routes.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* --- load --- */
static const char *keep_loaded(json *one)
{
	json *image = json_get_object(one, "image");
	json *tags = json_get_array(one, "tags");
	bool ok = db_begin(true) == 0 && image_insert(image, NULL) == 0;

	for (size_t i = 0; ok && i < json_count(tags); i++) {
		char *ref = image_ref_normal(json_string_at(tags, i));
		ok = ref && image_tag(ref, json_get_string(image, "id", "")) == 0;
		free(ref);
	}
	if (!db_end(ok)) {
		return "an image was not recorded: its name or configuration is wrong, or the "
		       "engine's database refuses it (its log says why)";
	}
	return NULL;
}

static void say_loaded(struct image_job *job, json *one)
{
	const char *id = json_get_string(json_get_object(one, "image"), "id", "");
	json *tags = json_get_array(one, "tags");

	for (size_t i = 0; i < json_count(tags); i++) {
		char *ref = image_ref_normal(json_string_at(tags, i));
		char *familiar = image_ref_familiar(ref);
		progress_say(&job->progress, "stream", text_format("Loaded image: %s\n", familiar));
		image_event("load", id, familiar);
		free(familiar);
		free(ref);
	}
	if (!json_count(tags)) {
		progress_say(&job->progress, "stream", text_format("Loaded image ID: %s\n", id));
		image_event("load", id, NULL);
	}
}

static const char *finish_load(struct image_job *job, json *result)
{
	json *images = json_get_array(result, "images");
	const char *error = NULL;

	for (size_t i = 0; !error && i < json_count(images); i++) {
		error = keep_loaded(json_at(images, i));
		if (!error) {
			say_loaded(job, json_at(images, i));
		}
	}
	return error;
}

static void post_load(struct request *request)
{
	struct image_job job = {.finish = finish_load,
				.is_quiet = request_query_bool(request, "quiet", false)};
	struct worker_call call = {.arguments = {"load"}};

	if (worker_take_body(request, &call)) {
		image_job_start(request, &call, &job);
	}
}

/* --- save --- */
/* Adds {"image","tags"} for the name; false: none, and a reply was sent. */
static bool add_saved(struct request *request, json *images, const char *name)
{
	char *id = image_find(name, NULL);
	char *ref = image_ref_normal(name);

	if (!id) {
		reply_error(request, 404, "No such image: %s", name);
	} else {
		json *one = json_object_new_object();
		json *tags = json_object_new_array();
		bool is_tag = ref && !strchr(ref, '@') &&
			      db_number("SELECT count(*) FROM tag WHERE ref = ?", "t", ref);
		if (is_tag) {
			json_append_owned(tags, image_ref_familiar(ref));
		}
		json_set(one, "image", image_load(id));
		json_set(one, "tags", tags);
		json_object_array_add(images, one);
	}
	free(ref);
	bool ok = id != NULL;
	free(id);
	return ok;
}

static void save(struct request *request, json *images)
{
	json *body = json_object_new_object();

	json_set(body, "images", images);
	struct worker_call call = {.arguments = {"save"}, .request = body};
	worker_download(request, &call, "application/x-tar");
}

static void get_one(struct request *request)
{
	json *images = json_object_new_array();

	if (add_saved(request, images, request_parameter(request, 0))) {
		save(request, images);
	} else {
		json_object_put(images);
	}
}

static void get_some(struct request *request)
{
	json *images = json_object_new_array();
	json *names = request_query_list(request, "names");
	bool ok = true;

	for (size_t i = 0; ok && i < json_count(names); i++) {
		ok = add_saved(request, images, json_string_at(names, i));
	}
	json_object_put(names);
	if (ok) {
		save(request, images);
	} else {
		json_object_put(images);
	}
}

/* --- import --- */
static const char *finish_import(struct image_job *job, json *result)
{
	json *image = json_get_object(result, "image");
	const char *id = json_get_string(image, "id", "");
	const char *error = image_keep(image, NULL, job->name, false);

	if (!error) {
		image_job_say(job, "%s", id);
		image_event("import", id, job->name);
	}
	return error;
}

void image_import(struct request *request)
{
	const char *source = request_query(request, "fromSrc");
	const char *repo = request_query(request, "repo");
	const char *tag = request_query(request, "tag");
	char *name = repo && *repo ? image_ref_join(repo, tag) : NULL;

	char *ref = name ? image_ref_normal(name) : NULL;
	json *config = json_object_new_object();
	json *changes = request_query_list(request, "changes");
	char *why = dockerfile_config_changes(config, changes);
	struct image_job job = {.finish = finish_import, .name = ref};
	struct worker_call call = {.arguments = {"import"}};

	if (!source || strcmp(source, "-") != 0) {
		reply_error(request, 400,
			    "say fromImage, or fromSrc=- with a tar as body: the engine fetches no "
			    "other URLs");
	} else if (name && !ref) {
		reply_error(request, 400, "invalid reference format: %s", name);
	} else if (why) {
		reply_error(request, 400, "%s", why);
	} else if (worker_take_body(request, &call)) {
		const char *message = request_query(request, "message");
		call.request = json_object_new_object();
		json_set(call.request, "config", json_object_get(config));
		json_set_string(call.request, "message", message ? message : "");
		image_job_start(request, &call, &job);
		ref = NULL;
	}
	free(ref);
	free(name);
	free(why);
	json_object_put(config);
	json_object_put(changes);
}

const struct route image_tar_routes[3] = {
	{"POST", "/images/load", post_load, ROUTE_BODY},
	{"GET", "/images/{name...}/get", get_one, 0},
	{"GET", "/images/get", get_some, 0},
};
