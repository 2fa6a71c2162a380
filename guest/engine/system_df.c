/* SPDX-License-Identifier: Apache-2.0 */
/* GET /system/df */
#include "container_routes.h"
#include "db.h"
#include "http.h"
#include "image.h"
#include "image_routes.h"
#include "system.h"
#include "text.h"
#include "usage.h"
#include "volume.h"

#include <stdlib.h>
#include <string.h>

struct df {
	struct request *request;
	json *containers; /* owned, as is: */
	json *volumes;
	json *reply;
};

static bool is_wanted(json *types, const char *type)
{
	return !json_count(types) || json_has_string(types, type);
}

static json *images(void)
{
	json *list = image_summaries(NULL, false);

	for (size_t i = 0; i < json_count(list); i++) {
		json *image = json_at(list, i);
		const char *id = json_get_string(image, "Id", "");
		int64_t shared =
			db_number("SELECT coalesce(sum(size), 0) FROM image_layer AS own JOIN "
				  "layer USING (chain)"
				  " WHERE image = ? AND EXISTS (SELECT 1 FROM image_layer AS other"
				  " WHERE other.chain = own.chain AND other.image != own.image)",
				  "t", id);
		json_set_int(image, "SharedSize", shared);
		json_set_int(image, "Containers", image_container_count(id));
	}
	return list;
}

static void set_volume_sizes(struct df *df, json *sizes)
{
	for (size_t i = 0; i < json_count(df->volumes); i++) {
		json *volume = json_at(df->volumes, i);
		json *size = json_at(sizes, json_count(df->containers) + i);
		json_set_int(json_get(volume, "UsageData"), "Size",
			     size ? json_object_get_int64(size) : -1);
	}
}

static void on_measured(void *context, json *sizes)
{
	struct df *df = context;

	usage_set_containers(df->containers, sizes);
	set_volume_sizes(df, sizes);
	json_object_put(df->containers);
	json_object_put(df->volumes);
	reply_json(df->request, 200, df->reply);
	free(df);
}

static void get_df(struct request *request)
{
	struct df *df = memory_zeroed(1, sizeof(*df));
	json *types = request_query_list(request, "type");
	json *dirs = json_object_new_array();
	json *none = json_object_new_array();

	df->request = request;
	df->reply = json_object_new_object();
	df->containers =
		is_wanted(types, "container") ? container_summaries() : json_object_get(none);
	df->volumes = is_wanted(types, "volume") ? volume_list() : json_object_get(none);
	json_set_int(df->reply, "LayersSize",
		     db_number("SELECT coalesce(sum(size), 0) FROM layer", ""));
	json_set(df->reply, "Images", is_wanted(types, "image") ? images() : json_object_get(none));
	json_set(df->reply, "Containers", json_object_get(df->containers));
	json_set(df->reply, "Volumes", json_object_get(df->volumes));
	json_set(df->reply, "BuildCache", none);
	json_object_put(types);
	usage_add_containers(dirs, df->containers);
	for (size_t i = 0; i < json_count(df->volumes); i++) {
		json_append_string(dirs,
				   json_get_string(json_at(df->volumes, i), "Mountpoint", ""));
	}
	usage_measure(dirs, on_measured, df);
}

const struct route df_routes[1] = {
	{"GET", "/system/df", get_df, 0},
};
