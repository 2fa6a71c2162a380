/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <stdio.h>
#include <string.h>
#include "store_limits.h"
#include "report.h"
#include "store.h"
#include "text.h"

int image_config_check(json *config, const char **why)
{
	json *rootfs = json_get_object(config, "rootfs");
	json *diffs = json_get_array(rootfs, "diff_ids");
	size_t count = json_count(diffs);

	*why = NULL;
	if (!rootfs || strcmp(json_get_string(rootfs, "type", ""), "layers") != 0) {
		*why = "its rootfs is missing or not of type \"layers\"";
	} else if (!diffs && json_get(rootfs, "diff_ids")) {
		*why = "its diff_ids is not an array";
	} else if (count > LIMIT_LAYERS) {
		*why = "it has too many layers";
	}
	for (size_t i = 0; !*why && i < count; i++) {
		if (!digest_parse(json_string_at(diffs, i), NULL)) {
			*why = "one of its diff_ids is not a sha256 digest";
		}
	}
	return *why ? -1 : (int)count;
}

void image_config_diff(json *config, size_t index, struct digest *diff)
{
	json *rootfs = json_get_object(config, "rootfs");

	digest_parse(json_string_at(json_get_array(rootfs, "diff_ids"), index), diff);
}

json *image_object_of(const struct digest *id, json *config, const struct layer_stack *stack,
		      const struct digest *manifest, const struct digest *registry)
{
	json *image = json_object_new_object();
	json *layers = json_object_new_array();
	uint64_t size = 0;

	for (size_t i = 0; i < stack->count; i++) {
		json_object_array_add(layers, layer_json(&stack->layers[i]));
		size += stack->layers[i].size;
	}
	json_set_string(image, "id", id->text);
	json_set_string(image, "manifest", manifest ? manifest->text : NULL);
	json_set_string(image, "digest", registry ? registry->text : NULL);
	json_set(image, "config", json_object_get(config));
	json_set(image, "layers", layers);
	json_set_int(image, "size", (int64_t)size);
	return image;
}

json *image_object(json *config, const struct layer_stack *stack, const struct digest *manifest,
		   const struct digest *registry)
{
	struct digest id;
	const char *bytes = json_text(config);

	blob_put(bytes, strlen(bytes), &id);
	return image_object_of(&id, config, stack, manifest, registry);
}

void image_read(json *image, struct digest *id, struct layer_stack *stack)
{
	json *layers = json_get_array(image, "layers");
	const char *why;
	int count = image_config_check(json_get_object(image, "config"), &why);

	if (!digest_parse(json_get_string(image, "id", NULL), id) || count < 0 ||
	    json_count(layers) != (size_t)count) {
		fail(FAIL_BAD_INPUT, "the request's image is not one: %s",
		     count < 0 ? why : "its id or its layers");
	}
	stack->layers = memory_zeroed((size_t)count, sizeof(*stack->layers));
	for (; stack->count < (size_t)count; stack->count++) {
		struct layer *layer = &stack->layers[stack->count];
		if (!layer_from_json(json_at(layers, stack->count), layer)) {
			fail(FAIL_BAD_INPUT, "the request's image has a layer without digests");
		}
	}
}

json *image_config_new(void)
{
	json *config = json_object_new_object();
	json *rootfs = json_object_new_object();

	json_set_string(config, "architecture", "amd64");
	json_set_string(config, "os", "linux");
	json_set(config, "config", json_object_new_object());
	json_set_string(rootfs, "type", "layers");
	json_set(rootfs, "diff_ids", json_object_new_array());
	json_set(config, "rootfs", rootfs);
	json_set(config, "history", json_object_new_array());
	return config;
}

void image_config_add(json *config, const struct digest *diff, json *entry)
{
	json *rootfs = json_get_object(config, "rootfs");

	if (!json_get_array(rootfs, "diff_ids")) {
		json_set(rootfs, "diff_ids", json_object_new_array());
	}
	if (!json_get_array(config, "history")) {
		json_set(config, "history", json_object_new_array());
	}
	if (diff) {
		json_append_string(json_get_array(rootfs, "diff_ids"), diff->text);
	} else {
		json_set_bool(entry, "empty_layer", true);
	}
	json_object_array_add(json_get_array(config, "history"), entry);
}
