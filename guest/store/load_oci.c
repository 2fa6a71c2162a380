/* SPDX-License-Identifier: Apache-2.0 */
/* An OCI image layout in a tar: oci-layout, index.json, blobs/sha256/HEX (image-layout.md). */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include "image.h"
#include "store_limits.h"
#include "manifest.h"
#include "report.h"
#include "store.h"

#define PLATFORM "linux/amd64"

static char *blob_path(const struct digest *digest)
{
	return text_format("blobs/sha256/%s", digest_hex(digest));
}

/* A document of the layout, its digest checked. */
static json *read_blob(int staged, const struct descriptor *descriptor, struct text *text)
{
	char *path = blob_path(&descriptor->digest);
	struct digest found;
	const char *why;

	load_document(staged, path, text);
	digest_bytes(text->data, text->length, &found);
	if (!digest_equal(&found, &descriptor->digest)) {
		fail(FAIL_DIGEST, "%s has the digest %s", path, found.text);
	}
	json *value = json_parse(text->data, text->length, &why);
	if (!value) {
		fail(FAIL_BAD_INPUT, "%s is not JSON: %s", path, why);
	}
	free(path);
	return value;
}

/* Follows an index of platforms to the manifest. */
static json *read_manifest(int staged, struct descriptor *descriptor, struct text *text)
{
	json *document = read_blob(staged, descriptor, text);
	const char *why;

	if (manifest_is_index(document, descriptor->media)) {
		if (!manifest_choose(document, PLATFORM, descriptor, &why)) {
			fail(FAIL_NOT_FOUND, "index %s: %s", descriptor->digest.text, why);
		}
		json_object_put(document);
		text_free(text);
		document = read_blob(staged, descriptor, text);
	}
	return document;
}

static void load_manifest(int staged, struct descriptor *descriptor, json *tags, json *images)
{
	struct text text = {0};
	struct manifest manifest;
	struct layer_stack stack = {0};
	struct digest id;
	struct digest diff;
	const char *why;

	json *document = read_manifest(staged, descriptor, &text);
	if (!manifest_parse(document, &manifest, &why)) {
		fail(FAIL_BAD_INPUT, "manifest %s: %s", descriptor->digest.text, why);
	}
	char *path = blob_path(&manifest.config.digest);
	json *config = load_config(staged, path, manifest.count, &id);
	if (!digest_equal(&id, &manifest.config.digest)) {
		fail(FAIL_DIGEST, "%s has the digest %s", path, id.text);
	}
	free(path);
	for (size_t i = 0; i < manifest.count; i++) {
		path = blob_path(&manifest.layers[i].digest);
		image_config_diff(config, i, &diff);
		load_layer(&stack, staged, path, &diff, &manifest.layers[i].digest);
		free(path);
	}
	blob_put(text.data, text.length, &descriptor->digest);
	json *loaded = json_object_new_object();
	json_set(loaded, "image", image_object_of(&id, config, &stack, &descriptor->digest, NULL));
	json_set(loaded, "tags", json_object_get(tags));
	json_object_array_add(images, loaded);
	json_object_put(config);
	json_object_put(document);
	manifest_free(&manifest);
	layer_stack_free(&stack);
	text_free(&text);
}

/* Only a whole name is one: `NAME:TAG`; a bare tag says nothing about the repository. */
static json *tags_of(json *entry)
{
	json *annotations = json_get_object(entry, "annotations");
	json *tags = json_object_new_array();
	const char *name = json_get_string(
		annotations, "io.containerd.image.name",
		json_get_string(annotations, "org.opencontainers.image.ref.name", ""));

	if (strchr(name, ':')) {
		json_append_string(tags, name);
	}
	return tags;
}

void load_oci(int staged, json *images)
{
	json *layout = load_json(staged, "oci-layout");
	json *index = load_json(staged, "index.json");
	json *entries = json_get_array(index, "manifests");
	size_t count = json_count(entries);
	const char *why;

	if (strcmp(json_get_string(layout, "imageLayoutVersion", ""), "1.0.0") != 0) {
		fail(FAIL_BAD_INPUT, "oci-layout: its version is not 1.0.0");
	}
	if (count == 0 || count > LIMIT_IMAGES) {
		fail(FAIL_BAD_INPUT, "index.json: it names no image, or more than %d",
		     LIMIT_IMAGES);
	}
	for (size_t i = 0; i < count; i++) {
		json *entry = json_at(entries, i);
		struct descriptor descriptor;
		if (!descriptor_parse(entry, &descriptor, &why)) {
			fail(FAIL_BAD_INPUT, "index.json: %s", why);
		}
		json *tags = tags_of(entry);
		load_manifest(staged, &descriptor, tags, images);
		json_object_put(tags);
	}
	json_object_put(layout);
	json_object_put(index);
}
