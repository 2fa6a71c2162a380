/* SPDX-License-Identifier: Apache-2.0 */
/* POST /containers/create */
#include "container_routes.h"
#include "create_config.h"
#include "create_mounts.h"
#include "db.h"
#include "engine.h"
#include "file.h"
#include "http.h"
#include "image.h"
#include "image_ref.h"
#include "moment.h"
#include "network.h"
#include "runtime.h"
#include "spec_check.h"
#include "text.h"
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Why it cannot be made; the reply is made of it. */
struct refusal {
	char *words;
	unsigned status;
};

static void refuse(struct refusal *refusal, unsigned status, char *words)
{
	if (words && !refusal->words) {
		refusal->words = words;
		refusal->status = status;
	} else {
		free(words);
	}
}

static char *find_image(json *body, struct refusal *refusal)
{
	const char *name = json_get_string(body, "Image", "");
	bool is_ambiguous;

	if (!*name) {
		refuse(refusal, 400, text_copy("config cannot be empty: no image is named"));
		return NULL;
	}
	char *image = image_find(name, &is_ambiguous);
	if (!image) {
		char *normal = image_ref_normal(name);
		char *familiar = image_ref_familiar(normal ? normal : name);
		refuse(refusal, is_ambiguous ? 400 : 404,
		       text_format(is_ambiguous ? "ambiguous image ID: %s" : "No such image: %s",
				   familiar));
		free(familiar);
		free(normal);
	}
	return image;
}

/* The name asked for, or a random one that is free. */
static char *choose_name(struct request *request, struct refusal *refusal)
{
	const char *wanted = request_query(request, "name");

	if (!wanted || !*wanted) {
		char *name = name_random();
		for (int i = 0; container_by_name(name); i++) {
			char *longer = text_format("%s%d", name, i);
			free(name);
			name = longer;
		}
		return name;
	}
	wanted += *wanted == '/';
	if (!name_is_valid(wanted)) {
		refuse(refusal, 400,
		       text_format(
			       "Invalid container name (%.130s), only [a-zA-Z0-9][a-zA-Z0-9_.-] "
			       "are allowed",
			       wanted));
		return NULL;
	}
	struct container *other = container_by_name(wanted);
	if (other) {
		refuse(refusal, 409,
		       text_format(
			       "Conflict. The container name \"/%s\" is already in use by "
			       "container "
			       "\"%s\". You have to remove (or rename) that container to be able "
			       "to reuse that name.",
			       wanted, other->id));
		return NULL;
	}
	return text_copy(wanted);
}

static json *make_spec(json *body, json *image, const char *id, struct refusal *refusal)
{
	json *config = create_config(body, image_run_config(image), id);
	json *host = create_host_config(body);
	json *spec = json_object_new_object();
	json *command = create_command(config);
	unsigned status = 400;
	char *error = NULL;

	json_set(spec, "Config", config);
	json_set(spec, "HostConfig", host);
	json_set(spec, "NetworkingConfig", json_object_get(json_get(body, "NetworkingConfig")));
	if (!json_count(command)) {
		refuse(refusal, 400, text_copy("no command specified"));
	}
	json_set_string(spec, "Path", json_string_at(command, 0));
	json_set(spec, "Command", command);
	char *runtime = runtime_find(json_get_string(host, "Runtime", ""));
	if (!runtime) {
		refuse(refusal, 400,
		       text_format("unknown or invalid runtime name: %.60s",
				   json_get_string(host, "Runtime", "")));
	}
	free(runtime);
	refuse(refusal, status, network_check(host, &status));
	if (!refusal->words) {
		/* Last, since it makes volumes. */
		json_set(spec, "Mounts", create_mounts(config, host, &error, &status));
		refuse(refusal, status, error);
	}
	return spec;
}

static int make_folders(struct container *container)
{
	static const char *const names[] = {"upper", "work", "rootfs", "bundle"};
	int result = 0;

	for (size_t i = 0; result == 0 && i < 4; i++) {
		char *path = container_path(container, names[i]);
		result = file_make_dirs(path, i < 3 ? 0755 : 0711);
		free(path);
	}
	return result;
}

static void reply_created(struct request *request, struct container *container)
{
	json *reply = json_object_new_object();

	json_set_string(reply, "Id", container->id);
	json_set(reply, "Warnings", json_object_new_array());
	container_event(container, "create", NULL, NULL);
	reply_json(request, 201, reply);
}

/* Folders first, then the row: what has no row is removed at the next start. */
static void insert(struct request *request, struct container *container, json *spec)
{
	if (make_folders(container) < 0) {
		reply_error(request, 500, "cannot make the container's folders: %s",
			    strerror(errno));
	} else if (container_insert(container, spec) < 0) {
		reply_error(request, 500, "the database does not take the container");
	} else {
		reply_created(request, container);
		return;
	}
	char *path = container_path(container, "");
	file_remove_tree_at(AT_FDCWD, path);
	free(path);
	volume_remove_anonymous(json_get(spec, "Mounts"));
	container_free(container);
}

static void post_create(struct request *request)
{
	json *body = request_body(request);
	struct refusal refusal = {0};

	refuse(&refusal, 400, spec_check_create(body));
	char *id = refusal.words ? NULL : find_image(body, &refusal);
	char *name = refusal.words ? NULL : choose_name(request, &refusal);
	struct container *container = memory_zeroed(1, sizeof(*container));
	json *image = id ? image_load(id) : NULL;
	json *spec = NULL;

	id_random(container->id);
	container->image = id ? id : text_copy("");
	container->name = name;
	container->created = moment_now();
	if (!refusal.words) {
		spec = make_spec(body, image, container->id, &refusal);
	}
	if (refusal.words) {
		reply_error(request, refusal.status, "%s", refusal.words);
		free(refusal.words);
		container_free(container);
	} else {
		insert(request, container, spec);
	}
	json_object_put(spec);
	json_object_put(image);
}

const struct route create_routes[1] = {
	{"POST", "/containers/create", post_create, 0},
};
