/* SPDX-License-Identifier: Apache-2.0 */
/* The format of `docker save`: manifest.json, an array of {"Config","RepoTags","Layers"}. */
#include "load.h"

#include "image.h"
#include "store_limits.h"
#include "report.h"

static void load_one(int staged, json *entry, json *images)
{
	const char *config_path = json_get_string(entry, "Config", NULL);
	json *layers = json_get_array(entry, "Layers");
	json *tags = json_get_array(entry, "RepoTags");
	struct layer_stack stack = {0};
	struct digest id;
	struct digest diff;

	if (!config_path) {
		fail(FAIL_BAD_INPUT, "manifest.json: an image without Config");
	}
	json *config = load_config(staged, config_path, json_count(layers), &id);
	for (size_t i = 0; i < json_count(layers); i++) {
		const char *path = json_string_at(layers, i);
		if (!path) {
			fail(FAIL_BAD_INPUT, "manifest.json: a layer is not a string");
		}
		image_config_diff(config, i, &diff);
		load_layer(&stack, staged, path, &diff, NULL);
	}
	json *loaded = json_object_new_object();
	json_set(loaded, "image", image_object_of(&id, config, &stack, NULL, NULL));
	json_set(loaded, "tags", tags ? json_object_get(tags) : json_object_new_array());
	json_object_array_add(images, loaded);
	json_object_put(config);
	layer_stack_free(&stack);
}

void load_docker(int staged, json *images)
{
	json *manifest = load_json(staged, "manifest.json");
	size_t count = json_count(manifest);

	if (count == 0 || count > LIMIT_IMAGES) {
		fail(FAIL_BAD_INPUT, "manifest.json: it names no image, or more than %d",
		     LIMIT_IMAGES);
	}
	for (size_t i = 0; i < count; i++) {
		load_one(staged, json_at(manifest, i), images);
	}
	json_object_put(manifest);
}
