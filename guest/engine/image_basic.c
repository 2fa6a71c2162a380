/* SPDX-License-Identifier: Apache-2.0 */
#include "image_basic.h"
#include "db.h"
#include "engine.h"
#include "event.h"
#include "http.h"
#include "image.h"
#include "image_ref.h"
#include "moment.h"
#include "text.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Image and tags appear in one transaction. */
static int store_loaded(json *entry, struct text *report)
{
	json *image = json_get(entry, "image");
	json *tags = json_get(entry, "tags");
	const char *id = json_get_string(image, "id", "");

	if (image_insert(image, NULL) < 0) {
		return -1;
	}
	for (size_t i = 0; i < json_count(tags); i++) {
		char *ref = image_ref_normal(json_string_at(tags, i));
		char *familiar = ref ? image_ref_familiar(ref) : NULL;
		int result = ref ? image_tag(ref, id) : 0;
		if (ref) {
			text_printf(report, "Loaded image: %s\n", familiar);
		}
		free(familiar);
		free(ref);
		if (result < 0) {
			return -1;
		}
	}
	if (!json_count(tags)) {
		text_printf(report, "Loaded image ID: %s\n", id);
	}
	return 0;
}

static void reply_loaded(struct request *request, json *result)
{
	json *images = json_get(result, "images");
	struct text report = {0};
	int stored = db_begin(true);

	for (size_t i = 0; stored == 0 && i < json_count(images); i++) {
		stored = store_loaded(json_object_array_get_idx(images, i), &report);
	}
	stored = stored == 0 ? db_commit() : stored;
	if (stored < 0) {
		db_rollback();
		reply_error(request, 500, "the database does not take the images");
	} else {
		for (size_t i = 0; i < json_count(images); i++) {
			json *image = json_get(json_object_array_get_idx(images, i), "image");
			event_send("image", "load", json_get_string(image, "id", ""), NULL, NULL);
		}
		json *line = json_object_new_object();
		json_set_string(line, "stream", report.data ? report.data : "");
		reply_json(request, 200, line);
	}
	text_free(&report);
}

static void post_load(struct request *request)
{
	int input[2];

	if (pipe2(input, O_CLOEXEC) < 0) {
		reply_error(request, 500, "cannot make a pipe: %s", strerror(errno));
		return;
	}
	struct worker_call call = {
		.program = "bh-image",
		.arguments = {"--root", engine.root, "load"},
		.stdin_fd = input[0],
	};
	request_body_to_fd(request, input[1]);
	worker_reply(request, &call, reply_loaded);
}

json *image_list(void)
{
	json *list = json_object_new_array();
	sqlite3_stmt *query =
		db_query("SELECT id, created, size FROM image ORDER BY created DESC", "");

	while (db_step(query)) {
		json *entry = json_object_new_object();
		const char *id = db_text(query, 0);
		json_set_string(entry, "Id", id);
		json_set_string(entry, "ParentId", "");
		json_set(entry, "RepoTags", image_tags(id));
		json_set(entry, "RepoDigests", image_digests(id));
		json_set_int(entry, "Created", db_int(query, 1) / MOMENT_SECOND);
		json_set_int(entry, "Size", db_int(query, 2));
		json_set_int(entry, "SharedSize", -1);
		json_set_int(entry, "Containers", image_container_count(id));
		json_set(entry, "Labels", NULL);
		json_object_array_add(list, entry);
	}
	db_done(query);
	return list;
}

static void get_images(struct request *request)
{
	reply_json(request, 200, image_list());
}

static void get_image(struct request *request)
{
	char *id = image_find(request_parameter(request, 0), NULL);
	json *image = id ? image_load(id) : NULL;

	if (!image) {
		reply_error(request, 404, "No such image: %s", request_parameter(request, 0));
	} else {
		json *view = json_object_new_object();
		json *config = json_get(image, "config");
		json_set_string(view, "Id", id);
		json_set(view, "RepoTags", image_tags(id));
		json_set(view, "RepoDigests", image_digests(id));
		json_set_string(view, "Created", json_get_string(config, "created", ""));
		json_set_string(view, "Architecture", json_get_string(config, "architecture", ""));
		json_set_string(view, "Os", json_get_string(config, "os", ""));
		json_set_int(view, "Size", json_get_int(image, "size", 0));
		json_set(view, "Config", json_object_get(image_run_config(image)));
		json_set(view, "RootFS", json_object_get(json_get(config, "rootfs")));
		reply_json(request, 200, view);
	}
	json_object_put(image);
	free(id);
}

const struct route image_basic_routes[3] = {
	{"POST", "/images/load", post_load, ROUTE_BODY},
	{"GET", "/images/json", get_images, 0},
	{"GET", "/images/{name...}/json", get_image, 0},
};
