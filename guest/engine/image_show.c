/* SPDX-License-Identifier: Apache-2.0 */
/* Images listed, inspected, their history. */
#include "db.h"
#include "filter.h"
#include "image.h"
#include "image_ref.h"
#include "image_routes.h"
#include "moment.h"
#include "query.h"
#include "text.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE_MAX   255
#define REFERENCE_STARS 8

char *image_of_request(struct request *request)
{
	bool is_ambiguous = false;
	const char *name = request_parameter(request, 0);
	char *id = image_find(name, &is_ambiguous);

	if (!id && is_ambiguous) {
		reply_error(request, 400,
			    "%s is the beginning of more than one image's ID: give more of it",
			    name);
	} else if (!id) {
		reply_error(request, 404, "No such image: %s", name);
	}
	return id;
}

static json *labels_of(json *image)
{
	return json_get_object(image_run_config(image), "Labels");
}

/* As names of files: a * does not go over a slash. What is short and has few * is quick. */
static bool matches_glob(const char *pattern, const char *name)
{
	size_t stars = 0;

	for (const char *c = pattern; *c; c++) {
		stars += *c == '*';
	}
	return strlen(pattern) <= REFERENCE_MAX && stars <= REFERENCE_STARS &&
	       fnmatch(pattern, name, FNM_PATHNAME) == 0;
}

static bool matches_reference(json *filter, const char *reference)
{
	json *list = json_get(filter, "reference");
	char *name = image_ref_repository(reference);
	bool matches = false;

	for (size_t i = 0; !matches && i < json_count(list); i++) {
		const char *pattern = json_string_at(list, i);
		matches = matches_glob(pattern, reference) || matches_glob(pattern, name);
	}
	free(name);
	return matches;
}

/* Takes away the names that the filter's "reference" does not ask for; false: none is left. */
static bool keep_references(json *filter, json *item)
{
	static const char *const keys[] = {"RepoTags", "RepoDigests"};
	size_t count = 0;

	if (!filter_has(filter, "reference")) {
		return true;
	}
	for (size_t k = 0; k < 2; k++) {
		json *names = json_get_array(item, keys[k]);
		json *kept = json_object_new_array();
		for (size_t i = 0; i < json_count(names); i++) {
			if (matches_reference(filter, json_string_at(names, i))) {
				json_append_string(kept, json_string_at(names, i));
			}
		}
		count += json_count(kept);
		json_set(item, keys[k], kept);
	}
	return count > 0;
}

/* Of the image that a filter names; INT64_MAX or 0 without it. */
static int64_t created_bound(json *filter, const char *key, int64_t fallback)
{
	const char *name = filter_value(filter, key);
	char *id = name ? image_find(name, NULL) : NULL;
	int64_t created = fallback;

	if (id) {
		created = db_number("SELECT created FROM image WHERE id = ?", "t", id);
	}
	free(id);
	return created;
}

static json *summary(const char *id, int64_t created, int64_t size, const char *parent, json *image)
{
	json *item = json_object_new_object();
	json *labels = labels_of(image);

	json_set_string(item, "Id", id);
	json_set_string(item, "ParentId", parent);
	json_set(item, "RepoTags", image_tags(id));
	json_set(item, "RepoDigests", image_digests(id));
	json_set_int(item, "Created", created / MOMENT_SECOND);
	json_set_int(item, "Size", size);
	json_set_int(item, "VirtualSize", size);
	json_set_int(item, "SharedSize", -1);
	json_set_int(item, "Containers", -1);
	json_set(item, "Labels", labels ? json_object_get(labels) : NULL);
	return item;
}

json *image_summaries(json *filter, bool all)
{
	int64_t before = created_bound(filter, "before", INT64_MAX);
	int64_t since = created_bound(filter, "since", INT64_MIN);
	json *list = json_object_new_array();
	sqlite3_stmt *query = db_query(
		"SELECT id, created, size, coalesce(parent, ''), object FROM image ORDER BY"
		" created DESC, id",
		"");

	while (db_step(query)) {
		const char *id = db_text(query, 0);
		json *image = db_json(query, 4);
		json *item =
			summary(id, db_int(query, 1), db_int(query, 2), db_text(query, 3), image);
		bool is_dangling = !json_count(json_get_array(item, "RepoTags"));
		bool is_shown = all || !is_dangling || !image_has_children(id);
		is_shown = is_shown &&
			   filter_bool(filter, "dangling", is_dangling) == is_dangling &&
			   keep_references(filter, item) &&
			   filter_match_labels(filter, "label", labels_of(image)) &&
			   db_int(query, 1) < before && db_int(query, 1) > since;
		if (is_shown) {
			json_object_array_add(list, item);
		} else {
			json_object_put(item);
		}
		json_object_put(image);
	}
	db_done(query);
	return list;
}

static void get_images(struct request *request)
{
	static const char *const keys[] = {"dangling", "label", "reference", "before",
					   "since",    "until", NULL};
	json *filter = query_filter(request, keys);

	if (filter) {
		reply_json(request, 200,
			   image_summaries(filter, request_query_bool(request, "all", false)));
	}
	json_object_put(filter);
}

static json *root_fs(json *image)
{
	json *root = json_object_new_object();
	json *layers = json_object_new_array();
	json *list = json_get_array(image, "layers");

	for (size_t i = 0; i < json_count(list); i++) {
		json_append_string(layers, json_get_string(json_at(list, i), "diff", ""));
	}
	json_set_string(root, "Type", "layers");
	json_set(root, "Layers", layers);
	return root;
}

static void copy_member(json *to, const char *to_key, json *from, const char *key)
{
	json_set_string(to, to_key, json_get_string(from, key, ""));
}

static json *graph_driver(void)
{
	json *driver = json_object_new_object();

	json_set(driver, "Data", NULL);
	json_set_string(driver, "Name", "overlay2");
	return driver;
}

static json *inspect(const char *id, json *image)
{
	json *result = json_object_new_object();
	json *config = json_get_object(image, "config");
	json *run_config = image_run_config(image);
	sqlite3_stmt *query =
		db_query("SELECT coalesce(parent, ''), size FROM image WHERE id = ?", "t", id);
	bool is_there = db_step(query);

	json_set_string(result, "Id", id);
	json_set(result, "RepoTags", image_tags(id));
	json_set(result, "RepoDigests", image_digests(id));
	json_set_string(result, "Parent", is_there ? db_text(query, 0) : "");
	json *steps = json_get_array(config, "history");
	json *last = json_count(steps) ? json_at(steps, json_count(steps) - 1) : config;
	copy_member(result, "Comment", last, "comment");
	copy_member(result, "Created", config, "created");
	copy_member(result, "DockerVersion", config, "docker_version");
	copy_member(result, "Author", config, "author");
	json_set(result, "Config", run_config ? json_object_get(run_config) : NULL);
	json_set_string(result, "Architecture", json_get_string(config, "architecture", "amd64"));
	json_set_string(result, "Os", json_get_string(config, "os", "linux"));
	json_set_int(result, "Size", is_there ? db_int(query, 1) : 0);
	json_set_int(result, "VirtualSize", is_there ? db_int(query, 1) : 0);
	json_set(result, "GraphDriver", graph_driver());
	json_set(result, "RootFS", root_fs(image));
	json_set(result, "Metadata", json_pair("LastTagTime", "0001-01-01T00:00:00Z"));
	db_done(query);
	return result;
}

static void get_image(struct request *request)
{
	char *id = image_of_request(request);

	if (id) {
		json *image = image_load(id);
		reply_json(request, 200, inspect(id, image));
		json_object_put(image);
	}
	free(id);
}

static json *history_entry(json *step, int64_t size, const char *id)
{
	json *entry = json_object_new_object();
	int64_t created = 0;

	moment_parse(json_get_string(step, "created", ""), 0, &created);
	json_set_string(entry, "Id", id);
	json_set_int(entry, "Created", created / MOMENT_SECOND);
	json_set_string(entry, "CreatedBy", json_get_string(step, "created_by", ""));
	json_set(entry, "Tags", NULL);
	json_set_int(entry, "Size", size);
	json_set_string(entry, "Comment", json_get_string(step, "comment", ""));
	return entry;
}

/* The image itself, then its parents as far as they are known here, newest first. */
static void name_history(json *entries, const char *id)
{
	char *next = text_copy(id);

	for (size_t i = 0; *next && i < json_count(entries); i++) {
		json *entry = json_at(entries, i);
		json *tags = image_tags(next);
		json_set_string(entry, "Id", next);
		json_set(entry, "Tags", json_count(tags) ? tags : NULL);
		if (!json_count(tags)) {
			json_object_put(tags);
		}
		char *parent = image_parent(next);
		free(next);
		next = parent ? parent : text_copy("");
	}
	free(next);
}

static void get_history(struct request *request)
{
	char *id = image_of_request(request);

	if (!id) {
		return;
	}
	json *image = image_load(id);
	json *steps = json_get_array(json_get(image, "config"), "history");
	json *layers = json_get_array(image, "layers");
	json *entries = json_object_new_array();
	size_t layer = json_count(layers);
	for (size_t i = json_count(steps); i-- > 0;) {
		json *step = json_at(steps, i);
		int64_t size = 0;
		if (!json_get_bool(step, "empty_layer", false) && layer > 0) {
			size = json_get_int(json_at(layers, --layer), "size", 0);
		}
		json_object_array_add(entries, history_entry(step, size, "<missing>"));
	}
	if (!json_count(steps)) {
		json_object_array_add(entries,
				      history_entry(NULL, json_get_int(image, "size", 0), id));
	}
	name_history(entries, id);
	reply_json(request, 200, entries);
	json_object_put(image);
	free(id);
}

const struct route image_show_routes[3] = {
	{"GET", "/images/json", get_images, 0},
	{"GET", "/images/{name...}/json", get_image, 0},
	{"GET", "/images/{name...}/history", get_history, 0},
};
