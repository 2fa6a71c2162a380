/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD: files of the context, of a stage or of an image, put into a container that never
 * runs. */
#include "build_fetch.h"
#include "engine.h"
#include "file.h"
#include "image.h"
#include "image_ref.h"
#include "image_routes.h"
#include "image_store.h"
#include "life.h"
#include "registry_auth.h"
#include "rootfs.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct copy {
	struct build *build;
	struct container *from; /* of COPY --from, holds its root file system; NULL: the context */
	char *folder;           /* where the sources are */
	json *remotes;          /* build_fetch.h, or NULL */
};

static void on_removed(void *context, const char *error, unsigned status)
{
	(void)context;
	(void)error;
	(void)status;
}

static void copy_free(struct copy *copy)
{
	if (copy->from) {
		rootfs_release(copy->from);
		container_remove(copy->from, true, true, on_removed, NULL);
	}
	const char *fetched = json_get_string(copy->remotes, "from", NULL);
	if (fetched && file_remove_tree_at(AT_FDCWD, fetched) < 0) {
		engine_log("%s: left over: %s", fetched, strerror(errno));
	}
	json_object_put(copy->remotes);
	free(copy->folder);
	free(copy);
}

/* The request of bh-image's copy; `to` NULL asks for the hash alone. */
static json *copy_request(const struct copy *copy, const char *to)
{
	struct build *build = copy->build;
	const struct instruction *one = build->instruction;
	const char *directory = json_get_string(build->config, "WorkingDir", "");
	const char *dest = build->words[one->word_count - 1];
	json *request = json_object_new_object();
	json *sources = json_object_new_array();
	char *absolute = dest[0] == '/' ? text_copy(dest)
					: text_format("%s/%s", *directory ? directory : "", dest);

	for (size_t i = 0; i + 1 < one->word_count; i++) {
		if (!build_is_remote(build, i)) {
			json_append_string(sources, build->words[i]);
		}
	}
	json_set_string(request, "from", copy->folder);
	json_set(request, "sources", sources);
	json_set(request, "remotes", json_object_get(copy->remotes));
	json_set_string(request, "dest", absolute);
	json_set_bool(request, "add", one->kind == INSTRUCTION_ADD);
	json_set(request, "ignore",
		 copy->from ? json_object_new_array() : json_object_get(build->ignore));
	if (to) {
		json_set_string(request, "to", to);
		json_set_string(request, "chown", instruction_flag(one, "chown"));
		json_set_string(request, "chmod", instruction_flag(one, "chmod"));
	} else {
		/* The flags are in the key as they stand. */
		json_set_bool(request, "hash_only", true);
	}
	free(absolute);
	return request;
}

static void on_copied(void *context, json *result, const char *error, const char *kind)
{
	struct copy *copy = context;
	struct build *build = copy->build;

	(void)result;
	(void)kind;
	copy_free(copy);
	rootfs_release(build->container);
	if (error) {
		build_fail(build, "%s", error);
	} else {
		build_commit(build, build->container);
	}
}

static void start_worker(struct copy *copy, json *request, worker_done_fn done)
{
	struct worker_call call = {
		.arguments = {"copy"}, .request = request, .done = done, .context = copy};

	image_worker(&call);
}

static void copy_into_container(struct copy *copy)
{
	struct build *build = copy->build;
	json *command = json_object_new_array();
	char *error = NULL;

	json_append_string(command, "#(nop)");
	if (!build_container(build, command)) {
		copy_free(copy);
		return;
	}
	if (rootfs_hold(build->container, &error) < 0) {
		copy_free(copy);
		build_fail(build, "%s", error);
		free(error);
		return;
	}
	char *rootfs = container_path(build->container, "rootfs");
	start_worker(copy, copy_request(copy, rootfs), on_copied);
	free(rootfs);
}

static void on_hashed(void *context, json *result, const char *error, const char *kind)
{
	struct copy *copy = context;
	struct build *build = copy->build;
	const char *hash = json_get_string(result, "hash", "");

	(void)kind;
	if (error) {
		copy_free(copy);
		build_fail(build, "%s failed: %s", instruction_name(build->instruction->kind),
			   error);
		return;
	}
	char *cached = build_cached(build, hash);
	free(build->created_by);
	build->created_by = text_format("/bin/sh -c #(nop) %s multi:%s in %s ",
					instruction_name(build->instruction->kind), hash,
					build->words[build->instruction->word_count - 1]);
	if (cached) {
		copy_free(copy);
		build_say(build, " ---> Using cache\n");
		build_done_with(build, cached);
		free(cached);
	} else {
		copy_into_container(copy);
	}
}

static void start_hash(struct copy *copy)
{
	start_worker(copy, copy_request(copy, NULL), on_hashed);
}

/* The image's root file system as the sources' folder. */
static void copy_from_image(struct copy *copy, const char *image)
{
	struct build *build = copy->build;
	json *command = json_object_new_array();
	char *error = NULL;

	json_append_string(command, "#(nop)");
	copy->from = build_container_of(build, image, command);
	if (!copy->from) {
		copy_free(copy);
		return;
	}
	build->container = NULL;
	if (rootfs_hold(copy->from, &error) < 0) {
		container_remove(copy->from, true, true, on_removed, NULL);
		copy->from = NULL;
		copy_free(copy);
		build_fail(build, "%s", error);
		free(error);
		return;
	}
	copy->folder = container_path(copy->from, "rootfs");
	start_hash(copy);
}

static void on_pull_line(void *context, json *line)
{
	struct copy *copy = context;

	progress_send(&copy->build->progress, line);
}

static void on_pulled(void *context, const char *error, const char *kind)
{
	struct copy *copy = context;
	struct build *build = copy->build;
	char *id = error ? NULL : image_find(instruction_flag(build->instruction, "from"), NULL);

	(void)kind;
	if (id) {
		copy_from_image(copy, id);
	} else {
		copy_free(copy);
		build_fail(build, "%s", error ? error : "the image that was pulled is gone again");
	}
	free(id);
}

static void find_source(struct copy *copy, const char *from)
{
	struct build *build = copy->build;
	int stage = build_find_stage(build, from);
	char *id = stage >= 0 && build->stages[stage].image ? text_copy(build->stages[stage].image)
							    : image_find(from, NULL);
	char *ref = image_ref_normal(from);

	if (id && *id) {
		copy_from_image(copy, id);
	} else if (ref && !id) {
		image_pull(ref, registry_auth_for(build->auths, ref), NULL, on_pull_line, on_pulled,
			   copy);
	} else {
		copy_free(copy);
		build_fail(build, "invalid from flag value %s: no stage, no image, or an empty one",
			   from);
	}
	free(id);
	free(ref);
}

static void on_fetched(void *context, json *remotes, const char *error)
{
	struct copy *copy = context;
	struct build *build = copy->build;

	copy->remotes = remotes;
	if (remotes) {
		start_hash(copy);
	} else {
		copy_free(copy);
		build_fail(build, "%s", error);
	}
}

static bool has_remotes(const struct build *build)
{
	bool has_some = false;

	for (size_t i = 0; i < build->instruction->word_count; i++) {
		has_some |= build_is_remote(build, i);
	}
	return has_some;
}

void build_copy(struct build *build)
{
	const char *from = instruction_flag(build->instruction, "from");
	char *error = build_check_remotes(build);

	if (error) {
		build_fail(build, "%s", error);
		free(error);
		return;
	}
	struct copy *copy = memory_zeroed(1, sizeof(*copy));
	copy->build = build;
	if (from) {
		find_source(copy, from);
	} else {
		copy->folder = text_copy(build->folder);
		if (has_remotes(build)) {
			build_fetch(build, on_fetched, copy);
		} else {
			start_hash(copy);
		}
	}
}
