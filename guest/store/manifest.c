/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "image.h"
#include "store_limits.h"
#include "text.h"

#define INDEX_ENTRIES 1024

bool descriptor_parse(json *object, struct descriptor *descriptor, const char **why)
{
	int64_t size = json_get_int(object, "size", -1);
	const char *media = json_get_string(object, "mediaType", "");

	memset(descriptor, 0, sizeof(*descriptor));
	*why = NULL;
	if (!digest_parse(json_get_string(object, "digest", NULL), &descriptor->digest)) {
		*why = "a descriptor has no sha256 digest";
	} else if (size < 0 || (uint64_t)size > LIMIT_BYTES) {
		*why = "a descriptor has no size, or one beyond all limits";
	} else if (strlen(media) >= MEDIA_ROOM) {
		*why = "a descriptor's media type is too long";
	} else {
		descriptor->size = (uint64_t)size;
		snprintf(descriptor->media, sizeof(descriptor->media), "%s", media);
	}
	return !*why;
}

json *descriptor_json(const char *media, const struct digest *digest, uint64_t size)
{
	json *object = json_object_new_object();

	json_set_string(object, "mediaType", media);
	json_set_string(object, "digest", digest->text);
	json_set_int(object, "size", (int64_t)size);
	return object;
}

bool manifest_is_index(json *document, const char *media)
{
	const char *type = json_get_string(document, "mediaType", media ? media : "");

	return strcmp(type, MEDIA_INDEX) == 0 || strcmp(type, MEDIA_DOCKER_LIST) == 0 ||
	       (json_get_array(document, "manifests") && !json_get(document, "config"));
}

static bool is_layer_media(const char *media)
{
	static const char *const known[] = {
		MEDIA_LAYER,
		MEDIA_LAYER_GZIP,
		MEDIA_LAYER_ZSTD,
		MEDIA_DOCKER_LAYER,
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.diff.tar.zstd",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(media, known[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool parse_layers(json *layers, struct manifest *manifest, const char **why)
{
	size_t count = json_count(layers);

	if (count > LIMIT_LAYERS) {
		*why = "it has too many layers";
		return false;
	}
	manifest->layers = memory_zeroed(count, sizeof(*manifest->layers));
	for (; manifest->count < count; manifest->count++) {
		struct descriptor *layer = &manifest->layers[manifest->count];
		if (!descriptor_parse(json_at(layers, manifest->count), layer, why)) {
			return false;
		}
		if (!is_layer_media(layer->media)) {
			*why = "one of its layers is not a tar archive (plain, gzip or zstd): it "
			       "is no image of a Linux container";
			return false;
		}
	}
	return true;
}

bool manifest_parse(json *document, struct manifest *manifest, const char **why)
{
	const char *media = json_get_string(document, "mediaType", "");

	memset(manifest, 0, sizeof(*manifest));
	*why = NULL;
	manifest->is_docker = strcmp(media, MEDIA_DOCKER_V2) == 0;
	if (json_get_int(document, "schemaVersion", 0) == 1) {
		*why = "it is of Docker's schema 1, which is not taken; push the image again with "
		       "a newer client";
	} else if (json_get_int(document, "schemaVersion", 0) != 2) {
		*why = "it is no image manifest: schemaVersion is not 2";
	} else if (*media && !manifest->is_docker && strcmp(media, MEDIA_MANIFEST) != 0) {
		*why = "its media type is not that of an image";
	} else if (!json_get_array(document, "layers")) {
		*why = "it has no layers member";
	} else if (descriptor_parse(json_get_object(document, "config"), &manifest->config, why)) {
		if (manifest->config.size > LIMIT_DOCUMENT) {
			*why = "its config is too large";
		} else if (strcmp(manifest->config.media, MEDIA_CONFIG) != 0 &&
			   strcmp(manifest->config.media, MEDIA_DOCKER_CONFIG) != 0) {
			*why = "its config is not that of a container's image";
		}
	}
	return !*why && parse_layers(json_get_array(document, "layers"), manifest, why);
}

void manifest_free(struct manifest *manifest)
{
	free(manifest->layers);
	*manifest = (struct manifest){0};
}

/* os/architecture[/variant]; a variant that is not asked for does not matter. */
static bool is_platform(json *platform, const char *wanted)
{
	char room[3][32] = {"", "", ""};

	if (sscanf(wanted, "%31[^/]/%31[^/]/%31s", room[0], room[1], room[2]) < 2) {
		return false;
	}
	return strcmp(json_get_string(platform, "os", ""), room[0]) == 0 &&
	       strcmp(json_get_string(platform, "architecture", ""), room[1]) == 0 &&
	       (!room[2][0] || strcmp(json_get_string(platform, "variant", ""), room[2]) == 0);
}

bool manifest_choose(json *index, const char *platform, struct descriptor *chosen, const char **why)
{
	json *entries = json_get_array(index, "manifests");
	size_t count = json_count(entries);

	*why = NULL;
	if (count > INDEX_ENTRIES) {
		*why = "it has too many entries";
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		json *entry = json_at(entries, i);
		json *has = json_get_object(entry, "platform");
		/* An index of one image need not say for what it is. */
		if (is_platform(has, platform) || (!has && count == 1)) {
			return descriptor_parse(entry, chosen, why);
		}
	}
	*why = "it has no image for the platform that is asked for";
	return false;
}

const char *manifest_layer_media(const void *bytes, size_t length)
{
	if (length >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0) {
		return MEDIA_LAYER_GZIP;
	}
	if (length >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0) {
		return MEDIA_LAYER_ZSTD;
	}
	return MEDIA_LAYER;
}
