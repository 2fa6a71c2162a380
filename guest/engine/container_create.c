/* SPDX-License-Identifier: Apache-2.0 */
/* POST /containers/create */
#include "container_create.h"
#include "container_routes.h"
#include "http.h"
#include "image.h"
#include "image_ref.h"
#include "spec_check.h"
#include "text.h"

#include <stdlib.h>

/* ID of the image; NULL: *error and *status say why. */
static char *find_image(json *body, char **error, unsigned *status)
{
	const char *name = json_get_string(body, "Image", "");
	bool is_ambiguous;

	if (!*name) {
		*status = 400;
		*error = text_copy("config cannot be empty: no image is named");
		return NULL;
	}
	char *image = image_find(name, &is_ambiguous);
	if (!image) {
		char *normal = image_ref_normal(name);
		char *familiar = image_ref_familiar(normal ? normal : name);
		*status = is_ambiguous ? 400 : 404;
		*error = text_format(is_ambiguous ? "ambiguous image ID: %s" : "No such image: %s",
				     familiar);
		free(familiar);
		free(normal);
	}
	return image;
}

static void post_create(struct request *request)
{
	json *body = request_body(request);
	unsigned status = 400;
	char *error = spec_check_create(body);
	char *image = error ? NULL : find_image(body, &error, &status);
	struct container *container =
		image ? container_create(body, image, request_query(request, "name"), &error,
					 &status)
		      : NULL;

	if (container) {
		json *reply = json_object_new_object();
		json_set_string(reply, "Id", container->id);
		json_set(reply, "Warnings", json_object_new_array());
		reply_json(request, 201, reply);
	} else {
		reply_error(request, status, "%s", error);
	}
	free(error);
	free(image);
}

const struct route create_routes[1] = {
	{"POST", "/containers/create", post_create, 0},
};
