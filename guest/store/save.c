/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `save`: one archive in two formats over the same blobs/sha256: docker save's manifest.json and
 * repositories, and an OCI image layout (index.json, oci-layout).
 */
#include "commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "file.h"
#include "image.h"
#include "manifest.h"
#include "pack.h"
#include "reference.h"
#include "report.h"
#include "save_layer.h"
#include "store.h"
#include "store_limits.h"
#include "text.h"

struct save {
	struct pack pack;
	json *written; /* names of blobs that are in the archive */
	json *docker;  /* manifest.json */
	json *index;   /* manifests of index.json */
	json *repositories;
};

static char *blob_name(const struct digest *digest)
{
	return text_format("blobs/sha256/%s", digest_hex(digest));
}

/* True the first time. */
static bool is_first(struct save *save, const char *name)
{
	if (json_get(save->written, name)) {
		return false;
	}
	json_set_bool(save->written, name, true);
	return true;
}

static void save_layers(struct save *save, const struct layer_stack *stack, json *paths,
			json *descriptors)
{
	for (size_t i = 0; i < stack->count; i++) {
		struct layer layer;
		struct descriptor descriptor;
		if (!layer_find(&stack->layers[i].chain, &layer)) {
			fail(FAIL_NOT_FOUND, "the layer %s is not in the store",
			     stack->layers[i].chain.text);
		}
		save_layer_describe(&layer, &descriptor);
		char *name = blob_name(&descriptor.digest);
		if (is_first(save, name)) {
			save_layer_write(&save->pack, &layer, &descriptor, name);
		}
		json_append_string(paths, name);
		json_object_array_add(
			descriptors,
			descriptor_json(descriptor.media, &descriptor.digest, descriptor.size));
		free(name);
	}
}

static void save_bytes(struct save *save, const char *bytes, size_t length,
		       struct descriptor *descriptor)
{
	digest_bytes(bytes, length, &descriptor->digest);
	descriptor->size = length;
	char *name = blob_name(&descriptor->digest);
	if (is_first(save, name)) {
		pack_bytes(&save->pack, name, bytes, length);
	}
	free(name);
}

static void save_config(struct save *save, const struct digest *id, struct descriptor *descriptor)
{
	struct text text = {0};
	int fd = blob_open(id, NULL);

	if (fd < 0 || file_read_fd(fd, &text, LIMIT_DOCUMENT) < 0) {
		fail_errno("cannot read the config %s", id->text);
	}
	close(fd);
	strcpy(descriptor->media, MEDIA_CONFIG);
	save_bytes(save, text.data, text.length, descriptor);
	if (!digest_equal(&descriptor->digest, id)) {
		fail(FAIL_DIGEST, "the config %s is damaged", id->text);
	}
	text_free(&text);
}

/* {"NAME":{"TAG":ID}}, which only old clients read. */
static void add_repository(struct save *save, const char *tag, const struct digest *id)
{
	const char *slash = strrchr(tag, '/');
	const char *colon = strrchr(slash ? slash : tag, ':');
	char *name = text_format("%.*s", colon ? (int)(colon - tag) : (int)strlen(tag), tag);
	json *tags = json_get_object(save->repositories, name);

	if (!tags) {
		tags = json_object_new_object();
		json_set(save->repositories, name, tags);
	}
	json_set_string(tags, colon ? colon + 1 : "latest", digest_hex(id));
	free(name);
}

static void add_to_index(struct save *save, const struct descriptor *manifest, const char *tag)
{
	json *entry = descriptor_json(manifest->media, &manifest->digest, manifest->size);
	json *annotations = json_object_new_object();
	struct reference reference;
	const char *why;

	if (tag && reference_parse(tag, &reference, &why)) {
		json_set_owned(
			annotations, "io.containerd.image.name",
			text_format("%s/%s:%s", reference.domain, reference.path, reference.tag));
		json_set_string(annotations, "org.opencontainers.image.ref.name", reference.tag);
	}
	json_set(entry, "annotations", annotations);
	json_object_array_add(save->index, entry);
}

static void save_image(struct save *save, json *image, json *tags)
{
	struct layer_stack stack = {0};
	struct digest id;
	struct descriptor config;
	struct descriptor manifest = {.media = MEDIA_MANIFEST};
	json *entry = json_object_new_object();
	json *paths = json_object_new_array();
	json *document = json_object_new_object();
	json *descriptors = json_object_new_array();

	image_read(image, &id, &stack);
	save_config(save, &id, &config);
	save_layers(save, &stack, paths, descriptors);
	char *config_name = blob_name(&id);
	json_set_string(entry, "Config", config_name);
	json_set(entry, "RepoTags", json_count(tags) ? json_object_get(tags) : NULL);
	json_set(entry, "Layers", paths);
	json_object_array_add(save->docker, entry);
	json_set_int(document, "schemaVersion", 2);
	json_set_string(document, "mediaType", MEDIA_MANIFEST);
	json_set(document, "config", descriptor_json(config.media, &config.digest, config.size));
	json_set(document, "layers", descriptors);
	const char *bytes = json_text(document);
	save_bytes(save, bytes, strlen(bytes), &manifest);
	for (size_t i = 0; i < json_count(tags); i++) {
		const char *tag = json_string_at(tags, i);
		if (tag) {
			add_repository(save, tag, &id);
			add_to_index(save, &manifest, tag);
		}
	}
	if (!json_count(tags)) {
		add_to_index(save, &manifest, NULL);
	}
	json_object_put(document);
	layer_stack_free(&stack);
	free(config_name);
}

static void save_json(struct save *save, const char *name, json *value)
{
	const char *text = json_text(value);

	pack_bytes(&save->pack, name, text, strlen(text));
	json_object_put(value);
}

static void save_index(struct save *save)
{
	json *layout = json_object_new_object();
	json *index = json_object_new_object();

	json_set_string(layout, "imageLayoutVersion", "1.0.0");
	json_set_int(index, "schemaVersion", 2);
	json_set_string(index, "mediaType", MEDIA_INDEX);
	json_set(index, "manifests", save->index);
	save_json(save, "oci-layout", layout);
	save_json(save, "index.json", index);
	save_json(save, "manifest.json", save->docker);
	save_json(save, "repositories", save->repositories);
}

void command_save(const char *argument)
{
	int output = STDOUT_FILENO;
	json *images = json_get_array(report_request(), "images");
	struct save save = {
		.pack = {.mode = TAR_PLAIN, .write = pack_write_fd, .opaque = &output},
		.written = json_object_new_object(),
		.docker = json_object_new_array(),
		.index = json_object_new_array(),
		.repositories = json_object_new_object(),
	};

	(void)argument;
	report_doing("cannot save");
	if (!json_count(images)) {
		fail(FAIL_BAD_INPUT, "the request names no images");
	}
	pack_begin(&save.pack);
	for (size_t i = 0; i < json_count(images); i++) {
		json *one = json_at(images, i);
		save_image(&save, json_get_object(one, "image"), json_get_array(one, "tags"));
	}
	save_index(&save);
	pack_end(&save.pack);
	json_object_put(save.written);
	report_result(json_object_new_object());
}
