/* SPDX-License-Identifier: Apache-2.0 */
#include "usage.h"
#include "container.h"
#include "db.h"
#include "engine.h"
#include "http.h"
#include "text.h"
#include "worker.h"

#include <stdlib.h>

struct measure {
	usage_fn done;
	void *context;
};

static void on_measured(void *context, json *result, const char *error, const char *kind)
{
	struct measure *measure = context;

	(void)kind;
	if (error) {
		engine_log("%s", error);
	}
	measure->done(measure->context, json_get_array(result, "sizes"));
	free(measure);
}

void usage_measure(json *dirs, usage_fn done, void *context)
{
	struct measure *measure = memory_zeroed(1, sizeof(*measure));
	struct worker_call call = {
		.arguments = {"usage"},
		.request = json_object_new_object(),
		.done = on_measured,
		.context = measure,
	};

	*measure = (struct measure){done, context};
	json_set(call.request, "dirs", dirs);
	worker_start(&call);
}

void usage_add_containers(json *dirs, json *entries)
{
	for (size_t i = 0; i < json_count(entries); i++) {
		const char *id = json_get_string(json_at(entries, i), "Id", "");
		json_append_owned(dirs, engine_root_path("containers/%s/upper", id));
	}
}

void usage_set_containers(json *entries, json *sizes)
{
	for (size_t i = 0; i < json_count(entries); i++) {
		json *entry = json_at(entries, i);
		int64_t bytes = json_object_get_int64(json_at(sizes, i));
		int64_t image =
			db_number("SELECT coalesce(sum(image.size), 0) FROM image JOIN container"
				  " ON container.image = image.id WHERE container.id = ?",
				  "t", json_get_string(entry, "Id", ""));
		json_set_int(entry, "SizeRw", bytes);
		json_set_int(entry, "SizeRootFs", image + bytes);
	}
}

struct sized {
	struct request *request;
	json *reply;
	json *entries;
};

static void on_sized(void *context, json *sizes)
{
	struct sized *sized = context;

	if (sizes) {
		usage_set_containers(sized->entries, sizes);
	}
	json_object_put(sized->entries);
	reply_json(sized->request, 200, sized->reply);
	free(sized);
}

void usage_reply(struct request *request, json *reply, json *entries)
{
	struct sized *sized = memory_zeroed(1, sizeof(*sized));
	json *dirs = json_object_new_array();

	*sized = (struct sized){request, reply, entries};
	usage_add_containers(dirs, entries);
	usage_measure(dirs, on_sized, sized);
}
