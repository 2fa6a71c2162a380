/* SPDX-License-Identifier: Apache-2.0 */
/* From an instruction's result to an image. */
#include "build.h"
#include "image.h"
#include "image_routes.h"
#include "image_store.h"

#include <stdlib.h>

static void on_committed(void *context, json *result, const char *error, const char *kind)
{
	struct build *build = context;
	json *image = json_get_object(result, "image");

	(void)kind;
	if (build->container) {
		build_remove_container(build);
	}
	if (!error) {
		error = image_keep(image, *build->image ? build->image : NULL, NULL, false);
	}
	if (error) {
		build_fail(build, "%s", error);
		return;
	}
	build_remember(build, json_get_string(image, "id", ""));
	build_done_with(build, json_get_string(image, "id", ""));
}

void build_commit(struct build *build, struct container *container)
{
	json *request = json_object_new_object();
	char *upper = container ? container_path(container, "upper") : NULL;

	json_set_string(request, "upper", upper);
	json_set(request, "image", *build->image ? image_load(build->image) : NULL);
	json_set(request, "config", json_object_get(build->config));
	json_set_string(request, "author", build->author ? build->author : "");
	json_set_string(request, "created_by", build->created_by);
	json_set_bool(request, "empty_layer", !container);
	struct worker_call call = {.arguments = {"commit"},
				   .request = request,
				   .done = on_committed,
				   .context = build};
	image_worker(&call);
	free(upper);
}
