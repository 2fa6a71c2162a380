/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry lists: all tags of a repository are pulled (docker pull -a), its catalogue is
 * searched (docker search). */
#include "db.h"
#include "engine.h"
#include "filter.h"
#include "image.h"
#include "image_job.h"
#include "image_ref.h"
#include "image_routes.h"
#include "registry_auth.h"
#include "registry_insecure.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define SEARCH_DEFAULT 25
#define SEARCH_MAX     100

/* --- all tags, one after the other --- */
struct pull_all {
	struct image_job *job; /* its name: the repository */
	json *auth;
	char *platform;
	json *tags;
	size_t next;
	char *ref;    /* at work */
	char *before; /* ID that it had */
	bool is_newer;
};

static void pull_next(struct pull_all *all);

static void end(struct pull_all *all, const char *error, const char *kind)
{
	image_job_end(all->job, error, kind);
	json_object_put(all->auth);
	json_object_put(all->tags);
	free(all->platform);
	free(all->ref);
	free(all->before);
	free(all);
}

static void on_line(void *context, json *line)
{
	struct pull_all *all = context;

	progress_send(&all->job->progress, line);
}

static void on_pulled(void *context, const char *error, const char *kind)
{
	struct pull_all *all = context;
	char *id = error ? NULL : image_find(all->ref, NULL);

	if (error) {
		end(all, error, kind);
		return;
	}
	if (id) {
		char *familiar = image_ref_familiar(all->ref);
		all->is_newer |= !all->before || strcmp(all->before, id) != 0;
		image_event("pull", id, familiar);
		free(familiar);
	}
	free(id);
	pull_next(all);
}

static void pull_next(struct pull_all *all)
{
	if (all->job->progress.is_gone) {
		end(all, NULL, NULL);
		return;
	}
	if (all->next == json_count(all->tags)) {
		char *familiar = image_ref_familiar(all->job->name);
		image_job_say(all->job, "Status: %s for %s",
			      all->is_newer ? "Downloaded newer image" : "Image is up to date",
			      familiar);
		free(familiar);
		end(all, NULL, NULL);
		return;
	}
	free(all->ref);
	free(all->before);
	all->ref = text_format("%s:%s", all->job->name, json_string_at(all->tags, all->next++));
	all->before = image_find(all->ref, NULL);
	image_pull(all->ref, json_object_get(all->auth), all->platform, on_line, on_pulled, all);
}

static void on_tags(void *context, json *result, const char *error, const char *kind)
{
	struct pull_all *all = context;
	json *tags = json_get_array(result, "tags");

	if (!error && !json_count(tags)) {
		error = "the repository has no tags";
		kind = "not-found";
	}
	if (error) {
		end(all, error, kind);
		return;
	}
	all->tags = json_object_get(tags);
	pull_next(all);
}

void image_pull_all(struct request *request, char *name)
{
	const char *platform = request_query(request, "platform");
	struct pull_all *all = memory_zeroed(1, sizeof(*all));
	struct image_job job = {.name = name};
	all->auth = registry_auth(request);
	all->platform = platform && *platform ? text_copy(platform) : NULL;
	all->job = image_job_begin(request, &job);
	struct worker_call call = {.arguments = {"tags", name},
				   .request = registry_request(name, json_object_get(all->auth)),
				   .done = on_tags,
				   .context = all};
	worker_start(&call);
}

/* --- search --- */
struct search {
	struct request *request;
	char *host;
	size_t limit;
	bool wants_none; /* stars and official images are Docker Hub's alone */
};

static void on_found(void *context, json *result, const char *error, const char *kind)
{
	struct search *search = context;
	json *names = json_get_array(result, "names");
	json *list = json_object_new_array();

	for (size_t i = 0; !search->wants_none && i < json_count(names) && i < search->limit; i++) {
		json *item = json_object_new_object();
		char *name = text_format("%s/%s", search->host, json_string_at(names, i));
		json_set_string(item, "name", name);
		json_set_string(item, "description", "");
		json_set_int(item, "star_count", 0);
		json_set_bool(item, "is_official", false);
		json_set_bool(item, "is_automated", false);
		json_object_array_add(list, item);
		free(name);
	}
	if (error) {
		json_object_put(list);
		reply_error(search->request, reply_status_of(kind), "%s", error);
	} else {
		reply_json(search->request, 200, list);
	}
	free(search->host);
	free(search);
}

/* Why the search cannot be, fresh memory; fills limit and wants_none. */
static char *read_search(struct request *request, struct search *search)
{
	static const char *const keys[] = {"stars", "is-official", "is-automated", NULL};
	const char *limit = request_query(request, "limit");
	const char *why = NULL;
	json *filter = filter_parse(request_query(request, "filters"), &why);
	const char *unknown = filter ? filter_unknown(filter, keys) : NULL;
	char *error = !filter   ? text_format("invalid filters: %s", why)
		      : unknown ? text_format("invalid filter '%s'", unknown)
				: NULL;

	search->limit = limit && *limit ? strtoul(limit, NULL, 10) : SEARCH_DEFAULT;
	if (!error && (search->limit < 1 || search->limit > SEARCH_MAX)) {
		error = text_format("limit %.20s is outside the range of [1, %d]", limit,
				    SEARCH_MAX);
	}
	const char *stars = filter ? filter_value(filter, "stars") : NULL;
	search->wants_none = filter && (filter_bool(filter, "is-official", false) ||
					filter_bool(filter, "is-automated", false) ||
					(stars && atoi(stars) > 0));
	json_object_put(filter);
	return error;
}

static void get_search(struct request *request)
{
	const char *term = request_query(request, "term");
	const char *slash = term ? strchr(term, '/') : NULL;
	char *host = text_format("%.*s", slash ? (int)(slash - term) : 0, slash ? term : "");
	struct search *search = memory_zeroed(1, sizeof(*search));
	char *error = read_search(request, search);
	bool has_host = strpbrk(host, ".:") || !strcmp(host, "localhost");

	if (!error && (!has_host || !strcmp(host, "docker.io"))) {
		error = text_format(
			"this engine searches registries by their catalogue, which Docker Hub has "
			"not: look at hub.docker.com, or name a registry: docker search "
			"HOST:PORT/%.100s",
			term && *term ? term : "WORDS");
	}
	if (error) {
		reply_error(request, 400, "%s", error);
		free(error);
		free(host);
		free(search);
		return;
	}
	search->request = request;
	search->host = host;
	struct worker_call call = {.arguments = {"search", term},
				   .request = registry_request(term, registry_auth(request)),
				   .done = on_found,
				   .context = search};
	worker_start(&call);
}

const struct route image_list_routes[1] = {
	{"GET", "/images/search", get_search, 0},
};
