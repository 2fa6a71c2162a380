/* SPDX-License-Identifier: Apache-2.0 */
/* POST /commit: an image of a container as it is now. */
#include "container.h"
#include "dockerfile_config.h"
#include "engine.h"
#include "image.h"
#include "image_ref.h"
#include "image_routes.h"
#include "image_store.h"
#include "runtime_call.h"
#include "spec_check.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct commit {
	struct request *request;
	char *container; /* ID: it may be removed meanwhile */
	char *parent;    /* ID of its image, or "" */
	char *ref;       /* normal name, or NULL */
	json *worker;    /* the worker's request, until it starts */
	bool is_paused;
};

static void commit_free(struct commit *commit)
{
	json_object_put(commit->worker);
	free(commit->container);
	free(commit->parent);
	free(commit->ref);
	free(commit);
}

static void on_resumed(void *context, const char *error)
{
	struct commit *commit = context;

	if (error) {
		engine_log("container %.12s stays paused after a commit: %s", commit->container,
			   error);
	}
	commit_free(commit);
}

static void resume(struct commit *commit)
{
	struct container *container =
		commit->is_paused ? container_find(commit->container, NULL) : NULL;
	const char *arguments[] = {"resume", commit->container, NULL};

	if (container) {
		runtime_call(container, arguments, on_resumed, commit);
	} else {
		commit_free(commit);
	}
}

static void reply_committed(struct commit *commit, json *image)
{
	const char *id = json_get_string(image, "id", "");
	struct container *container = container_find(commit->container, NULL);
	const char *why =
		image_keep(image, *commit->parent ? commit->parent : NULL, commit->ref, false);

	if (why) {
		reply_error(commit->request, 500, "%s", why);
		return;
	}

	if (container) {
		container_event(container, "commit", "imageID", id);
	}
	reply_json(commit->request, 201, json_pair("Id", id));
}

static void on_committed(void *context, json *result, const char *error, const char *kind)
{
	struct commit *commit = context;

	if (error) {
		reply_error(commit->request, reply_status_of(kind), "%s", error);
	} else {
		reply_committed(commit, json_get_object(result, "image"));
	}
	resume(commit);
}

static void start_worker(struct commit *commit)
{
	struct worker_call call = {.arguments = {"commit"},
				   .request = commit->worker,
				   .done = on_committed,
				   .context = commit};

	commit->worker = NULL;
	image_worker(&call);
}

static void on_paused(void *context, const char *error)
{
	struct commit *commit = context;

	/* What cannot be paused (no freezer here) is committed as it runs. */
	commit->is_paused = !error;
	start_worker(commit);
}

/* What of a container's Config an image has. */
static json *image_config_of(json *config, json *more)
{
	static const char *const keys[] = {"User",       "ExposedPorts", "Env",        "Entrypoint",
					   "Cmd",        "Volumes",      "WorkingDir", "Labels",
					   "StopSignal", "Healthcheck",  "Shell",      "OnBuild"};
	json *result = json_object_new_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json *value = json_get(more, keys[i]) ? json_get(more, keys[i])
						      : json_get(config, keys[i]);
		if (value) {
			json_set(result, keys[i], json_copy(value));
		}
	}
	return result;
}

static void set_query(struct request *request, json *worker, const char *key, const char *query)
{
	const char *value = request_query(request, query);

	json_set_string(worker, key, value ? value : "");
}

static json *worker_request(struct request *request, struct container *container, json *config)
{
	json *worker = json_object_new_object();
	char *upper = container_path(container, "upper");
	json *spec = container_spec(container);
	struct text command = {0};
	json *words = json_get_array(spec, "Command");

	for (size_t i = 0; i < json_count(words); i++) {
		text_printf(&command, "%s%s", i ? " " : "", json_string_at(words, i));
	}
	json_set_string(worker, "upper", upper);
	json_set(worker, "image", *container->image ? image_load(container->image) : NULL);
	json_set(worker, "config", config);
	set_query(request, worker, "author", "author");
	set_query(request, worker, "comment", "comment");
	json_set_string(worker, "created_by", command.data ? command.data : "");
	text_free(&command);
	json_object_put(spec);
	free(upper);
	return worker;
}

/* The image's configuration by the container, the body and the changes; NULL: a reply was sent. */
static json *new_config(struct request *request, struct container *container)
{
	if (reply_wrong(request, 400, spec_check_create(request_body(request)))) {
		return NULL;
	}
	json *spec = container_spec(container);
	json *config = image_config_of(json_get(spec, "Config"), request_body(request));
	json *changes = request_query_list(request, "changes");
	json *lines = json_object_new_array();

	/* A change may hold several lines, as a Dockerfile does. */
	for (size_t i = 0; i < json_count(changes); i++) {
		char *copy = text_copy(json_string_at(changes, i));
		char *place = NULL;
		for (char *line = strtok_r(copy, "\n", &place); line;
		     line = strtok_r(NULL, "\n", &place)) {
			json_append_string(lines, line);
		}
		free(copy);
	}
	if (reply_wrong(request, 400, dockerfile_config_changes(config, lines))) {
		json_object_put(config);
		config = NULL;
	}
	json_object_put(changes);
	json_object_put(lines);
	json_object_put(spec);
	return config;
}

/* Normal name of repo and tag; NULL without repo, or with *is_wrong. */
static char *commit_name(struct request *request, bool *is_wrong)
{
	const char *repo = request_query(request, "repo");
	const char *tag = request_query(request, "tag");
	char *name, *ref;

	if (!repo || !*repo) {
		return NULL;
	}
	name = image_ref_join(repo, tag);

	ref = image_ref_normal(name);
	*is_wrong = !ref || strchr(ref, '@');
	free(name);
	return ref;
}

static void post_commit(struct request *request)
{
	const char *name = request_query(request, "container");
	struct container *container = container_find(name ? name : "", NULL);
	bool is_wrong = false;
	char *ref = commit_name(request, &is_wrong);
	json *config = NULL;

	if (!container) {
		reply_error(request, 404, "No such container: %s", name ? name : "");
	} else if (is_wrong) {
		reply_error(request, 400, "invalid reference format: %s",
			    request_query(request, "repo"));
	} else {
		config = new_config(request, container);
	}
	if (!config) {
		free(ref);
		return;
	}
	struct commit *commit = memory_zeroed(1, sizeof(*commit));
	*commit = (struct commit){request,
				  text_copy(container->id),
				  text_copy(container->image),
				  ref,
				  worker_request(request, container, config),
				  false};
	if (container->state.is_running && !container->state.is_paused &&
	    request_query_bool(request, "pause", true)) {
		const char *arguments[] = {"pause", container->id, NULL};
		runtime_call(container, arguments, on_paused, commit);
	} else {
		start_worker(commit);
	}
}

const struct route image_commit_routes[1] = {
	{"POST", "/commit", post_commit, 0},
};
