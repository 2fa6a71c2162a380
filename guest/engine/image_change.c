/* SPDX-License-Identifier: Apache-2.0 */
/* Names given and taken, images removed. */
#include "container.h"
#include "db.h"
#include "event.h"
#include "filter.h"
#include "image.h"
#include "image_ref.h"
#include "image_routes.h"
#include "image_store.h"
#include "query.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

void image_event(const char *action, const char *id, const char *name)
{
	const char *called = name ? name : id;

	event_send("image", action, called, NULL, json_pair("name", called));
}

const char *image_keep(json *image, const char *parent, const char *ref, bool is_ref_kept)
{
	const char *id = json_get_string(image, "id", "");
	char *old = ref && is_ref_kept ? image_find(ref, NULL) : NULL;
	bool ok = db_end(db_begin(true) == 0 && image_insert(image, parent) == 0 &&
			 (!ref || old || image_tag(ref, id) == 0));

	free(old);
	return ok ? NULL
		  : "the image was not recorded: the engine's database refuses it (its log says "
		    "why)";
}

static void post_tag(struct request *request)
{
	const char *repo = request_query(request, "repo");
	const char *tag = request_query(request, "tag");
	char *id = image_of_request(request);
	char *name = image_ref_join(repo, tag);

	char *ref = image_ref_normal(name);

	if (id && (!ref || strchr(ref, '@'))) {
		reply_error(request, 400, "invalid reference format: %s", name);
	} else if (id && !db_end(db_begin(true) == 0 && image_tag(ref, id) == 0)) {

		reply_error(request, 500,
			    "the name was not recorded: the engine's database refuses it");
	} else if (id) {
		image_event("tag", id, name);
		reply_empty(request, 201);
	}
	free(ref);
	free(name);
	free(id);
}

/* --- removal --- */
struct removal {
	json *list; /* [{"Untagged"|"Deleted": ...}] */
	bool ok;
};

static void note(struct removal *removal, const char *key, const char *value)
{
	json_object_array_add(removal->list, json_pair(key, value));
}

static void untag_all(struct removal *removal, const char *id, const char *only)
{
	json *lists[2] = {image_tags(id), image_digests(id)};

	for (int kind = 0; kind < 2; kind++) {
		for (size_t i = 0; i < json_count(lists[kind]); i++) {
			const char *name = json_string_at(lists[kind], i);
			char *ref = image_ref_normal(name);
			if (ref && (!only || !strcmp(ref, only))) {
				removal->ok =
					removal->ok &&
					(kind == 0 ? image_untag(ref)
						   : db_run("DELETE FROM digest WHERE ref = ?", "t",
							    ref)) == 0;
				note(removal, "Untagged", name);
				image_event("untag", id, name);
			}
			free(ref);
		}
		json_object_put(lists[kind]);
	}
}

static int64_t tag_count(const char *id)
{
	return db_number("SELECT count(*) FROM tag WHERE image = ?", "t", id);
}

/* The image and its parents that have no name and no other child. */
static void delete_chain(struct removal *removal, const char *id, bool with_parents)
{
	char *next = text_copy(id);

	while (removal->ok && *next && (next[0] && !tag_count(next)) &&
	       !image_container_count(next) && !image_has_children(next)) {
		char *parent = image_parent(next);
		parent = parent ? parent : text_copy("");
		removal->ok = image_delete(next) == 0;
		note(removal, "Deleted", next);
		image_event("delete", next, NULL);
		free(next);
		next = parent;
		if (!with_parents) {
			break;
		}
	}
	free(next);
}

static struct container *user_of(const char *id, bool only_running)
{
	for (struct container *one = container_first(); one; one = one->next) {
		if (!strcmp(one->image, id) && (one->state.is_running || !only_running)) {
			return one;
		}
	}
	return NULL;
}

/* Why it cannot be removed by this name; fresh memory, or NULL. */
static char *conflict(const char *name, const char *id, bool is_name, bool is_forced)
{
	struct container *user = user_of(id, is_forced);
	int64_t tags = tag_count(id);

	if (is_name && tags > 1) {
		return NULL; /* one of its names goes, the image stays */
	}
	if (user && is_name && !is_forced) {
		return text_format("conflict: unable to remove repository reference \"%s\" (must "
				   "force) - container %.12s is"
				   " using its referenced image %.12s",
				   name, user->id, id + 7);
	}
	if (user) {
		return text_format("conflict: unable to delete %.12s (%s) - image is being used by "
				   "%s container %.12s",
				   id + 7,
				   user->state.is_running ? "cannot be forced" : "must be forced",
				   user->state.is_running ? "running" : "stopped", user->id);
	}
	if (!is_name && tags > 1 && !is_forced) {
		return text_format("conflict: unable to delete %.12s (must be forced) - image is "
				   "referenced in multiple"
				   " repositories",
				   id + 7);
	}
	if (!is_name && image_has_children(id)) {
		return text_format("conflict: unable to delete %.12s (cannot be forced) - image "
				   "has dependent child images",
				   id + 7);
	}
	return NULL;
}

static void remove_image(struct request *request, const char *name, const char *id)
{
	struct removal removal = {.list = json_object_new_array(), .ok = db_begin(true) == 0};
	char *ref = image_ref_normal(name);
	bool is_digest = ref && strchr(ref, '@');
	bool is_name = ref && db_number(is_digest ? "SELECT count(*) FROM digest WHERE ref = ?"
						  : "SELECT count(*) FROM tag WHERE ref = ?",
					"t", ref);

	if (removal.ok) {
		untag_all(&removal, id, is_name && !is_digest && tag_count(id) > 1 ? ref : NULL);
		delete_chain(&removal, id, !request_query_bool(request, "noprune", false));
	}
	if (db_end(removal.ok)) {
		reply_json(request, 200, removal.list);
		image_collect(NULL, NULL);
	} else {
		json_object_put(removal.list);
		reply_error(request, 500, "nothing was removed: the engine's database refuses it");
	}
	free(ref);
}

static void delete_image(struct request *request)
{
	const char *name = request_parameter(request, 0);
	char *id = image_of_request(request);
	bool is_name = id && strncmp(id + 7, strncmp(name, "sha256:", 7) ? name : name + 7,
				     strcspn(name, "\n")) != 0;

	if (id) {
		bool is_forced = request_query_bool(request, "force", false);
		if (!reply_wrong(request, 409, conflict(name, id, is_name, is_forced))) {
			remove_image(request, name, id);
		}
	}
	free(id);
}

/* --- prune --- */
struct prune {
	struct request *request;
	json *deleted;
};

static void on_pruned(void *context, int64_t bytes)
{
	struct prune *prune = context;

	prune_reply(prune->request, "ImagesDeleted", prune->deleted, bytes);
	free(prune);
}

static json *prunable(json *filter, int64_t until)
{
	bool only_dangling = filter_bool(filter, "dangling", true);
	json *list = json_object_new_array();
	sqlite3_stmt *query =
		db_query("SELECT id, object FROM image WHERE created < ? AND id NOT IN"
			 " (SELECT image FROM container WHERE image IS NOT NULL)",
			 "i", until);
	while (db_step(query)) {
		json *image = db_json(query, 1);
		if ((!only_dangling || !tag_count(db_text(query, 0))) &&
		    prune_matches(filter, json_get_object(image_run_config(image), "Labels"))) {
			json_append_string(list, db_text(query, 0));
		}
		json_object_put(image);
	}
	db_done(query);
	return list;
}

static void post_prune(struct request *request)
{
	static const char *const known[] = {"dangling", "label", "label!", "until", NULL};
	int64_t until;
	json *filter = prune_filter(request, known, &until);

	if (!filter) {
		return;
	}
	struct removal removal = {.list = json_object_new_array(), .ok = db_begin(true) == 0};

	if (removal.ok) {
		json *list = prunable(filter, until);
		for (size_t i = 0; i < json_count(list); i++) {
			untag_all(&removal, json_string_at(list, i), NULL);
			delete_chain(&removal, json_string_at(list, i), true);
		}
		json_object_put(list);
	}
	if (db_end(removal.ok)) {
		struct prune *prune = memory_zeroed(1, sizeof(*prune));
		*prune = (struct prune){request, removal.list};
		image_collect(on_pruned, prune);
	} else {
		json_object_put(removal.list);
		reply_error(request, 500, "nothing was pruned: the engine's database refuses it");
	}
	json_object_put(filter);
}

const struct route image_change_routes[3] = {
	{"POST", "/images/{name...}/tag", post_tag, 0},
	{"DELETE", "/images/{name...}", delete_image, 0},
	{"POST", "/images/prune", post_prune, 0},
};
