/* SPDX-License-Identifier: Apache-2.0 */
#include "container_create.h"
#include "create_config.h"
#include "create_mounts.h"
#include "file.h"
#include "image.h"
#include "moment.h"
#include "network.h"
#include "runtime.h"
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

char *container_name_check(const char *name, unsigned *status)
{
	struct container *other = container_by_name(name);

	*status = 400;
	if (!name_is_valid(name)) {
		return text_format("Invalid container name (%.130s), only "
				   "[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
				   name);
	}
	*status = 409;
	return !other ? NULL
		      : text_format("Conflict. The container name \"/%s\" is already in use by "
				    "container \"%s\". You have to remove (or rename) that "
				    "container to be able to reuse that name.",
				    name, other->id);
}

/* The name asked for, or a random one that is free. */
static char *choose_name(const char *wanted, struct refusal *refusal)
{
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
	unsigned status;
	char *words = container_name_check(wanted, &status);
	refuse(refusal, status, words);
	return words ? NULL : text_copy(wanted);
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

/* Folders first, then the row: what has no row is removed at the next start. */
static void insert(struct container *container, json *spec, struct refusal *refusal)
{
	if (make_folders(container) < 0) {
		refuse(refusal, 500,
		       text_format("cannot make the container's folders: %s", strerror(errno)));
	} else if (container_insert(container, spec) < 0) {
		refuse(refusal, 500, text_copy("the database does not take the container"));
	}
	if (refusal->words) {
		char *path = container_path(container, "");
		file_remove_tree_at(AT_FDCWD, path);
		free(path);
		volume_remove_anonymous(json_get(spec, "Mounts"));
	}
}

struct container *container_create(json *body, const char *id, const char *name, char **error,
				   unsigned *status)
{
	struct container *container = memory_zeroed(1, sizeof(*container));
	struct refusal refusal = {0};
	json *image = *id ? image_load(id) : NULL;
	json *spec;

	id_random(container->id);
	container->image = text_copy(id);
	container->name = choose_name(name, &refusal);
	container->created = moment_now();
	spec = refusal.words ? NULL : make_spec(body, image, container->id, &refusal);
	if (!refusal.words) {
		insert(container, spec, &refusal);
	}
	json_object_put(spec);
	json_object_put(image);
	if (refusal.words) {
		*error = refusal.words;
		*status = refusal.status;
		container_free(container);
		return NULL;
	}
	container_event(container, "create", NULL, NULL);
	return container;
}
