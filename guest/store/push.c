/* SPDX-License-Identifier: Apache-2.0 */
/* `push`: blobs that the registry lacks, then the manifest. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "file.h"
#include "gzip.h"
#include "image.h"
#include "manifest.h"
#include "push_blob.h"
#include "report.h"
#include "store.h"
#include "store_limits.h"

struct push {
	struct reference reference;
	struct registry registry;
	struct digest id;
	struct layer_stack stack;
	struct descriptor *sent; /* one for each layer */
};

static bool is_packed(const struct layer *layer)
{
	return layer->blob.text[0] && layer->media[0] && strcmp(layer->media, MEDIA_LAYER) != 0;
}

/* Path of another repository of this registry that had the layer once, or NULL. */
static const char *source_of(const struct push *push, const struct layer *layer)
{
	size_t length = strlen(push->reference.domain);
	const char *path = layer->source + length + 1;

	if (strncmp(layer->source, push->reference.domain, length) != 0 ||
	    layer->source[length] != '/' || strcmp(path, push->reference.path) == 0) {
		return NULL;
	}
	return path;
}

static struct push_blob blob_of(const struct push *push, const struct layer *layer)
{
	struct push_blob blob = {
		.path = push->reference.path,
		.digest = is_packed(layer) ? layer->blob : layer->gzip,
		.size = is_packed(layer) ? layer->packed : layer->gzip_size,
		.from = source_of(push, layer),
		.label = digest_short(&layer->diff),
	};
	return blob;
}

static void send_layer(struct push *push, struct layer *layer)
{
	int file = -1;
	char *location;

	if (!is_packed(layer)) {
		report_progress("Preparing", digest_short(&layer->diff), 0, 0);
		file = gzip_layer(layer);
	} else {
		file = blob_need(&layer->blob, NULL);
	}
	struct push_blob blob = blob_of(push, layer);
	if (push_begin(&push->registry, &blob, &location)) {
		char *words = text_format("Mounted from %s", blob.from);
		report_progress(words, blob.label, 0, 0);
		free(words);
	} else {
		push_send(&push->registry, &blob, file, location);
		report_progress("Pushed", blob.label, 0, 0);
	}
	close(file);
}

static void push_layer(struct push *push, size_t index)
{
	struct layer *layer = &push->stack.layers[index];
	struct descriptor *sent = &push->sent[index];
	struct digest chain = layer->chain;

	/* The record knows more than the engine: what was packed or pushed since. */
	if (!layer_find(&chain, layer)) {
		fail(FAIL_NOT_FOUND, "the layer %s is not in the store", chain.text);
	}
	struct push_blob blob = blob_of(push, layer);
	if (blob.digest.text[0] && push_has(&push->registry, &blob)) {
		report_progress("Layer already exists", blob.label, 0, 0);
	} else {
		send_layer(push, layer);
	}
	snprintf(layer->source, sizeof(layer->source), "%.255s/%.255s", push->reference.domain,
		 push->reference.path);
	layer_update(layer);
	blob = blob_of(push, layer);
	sent->digest = blob.digest;
	sent->size = blob.size;
	snprintf(sent->media, sizeof(sent->media), "%s",
		 is_packed(layer) ? layer->media : MEDIA_LAYER_GZIP);
}

static void push_config(struct push *push, uint64_t *size)
{
	int file = blob_need(&push->id, size);

	struct push_blob blob = {.path = push->reference.path, .digest = push->id, .size = *size};
	if (!push_has(&push->registry, &blob)) {
		char *location;
		push_begin(&push->registry, &blob, &location);
		push_send(&push->registry, &blob, file, location);
	}
	close(file);
}

/* The manifest that came with the image, when it names just what was sent; false otherwise. */
static bool take_manifest(const struct push *push, struct text *text, char *media)
{
	struct digest digest;
	struct manifest manifest = {0};
	const char *why;
	json *document = NULL;

	if (digest_parse(
		    json_get_string(json_get_object(report_request(), "image"), "manifest", NULL),
		    &digest)) {
		document = blob_json(&digest);
	}
	bool is_same = document && manifest_parse(document, &manifest, &why) &&
		       manifest.count == push->stack.count &&
		       digest_equal(&manifest.config.digest, &push->id);
	for (size_t i = 0; is_same && i < manifest.count; i++) {
		is_same = digest_equal(&manifest.layers[i].digest, &push->sent[i].digest);
	}
	int fd = is_same ? blob_open(&digest, NULL) : -1;
	is_same = fd >= 0 && file_read_fd(fd, text, LIMIT_DOCUMENT) == 0;
	file_close(fd);
	strcpy(media, manifest.is_docker ? MEDIA_DOCKER_V2 : MEDIA_MANIFEST);
	manifest_free(&manifest);
	json_object_put(document);
	return is_same;
}

/* Docker's schema 2, which every client knows; OCI's where a layer is zstd. */
static void make_manifest(const struct push *push, uint64_t config_size, struct text *text,
			  char *media)
{
	bool is_oci = false;
	json *layers = json_object_new_array();
	json *document = json_object_new_object();

	for (size_t i = 0; i < push->stack.count; i++) {
		is_oci |= strcmp(push->sent[i].media, MEDIA_LAYER_GZIP) != 0;
	}
	for (size_t i = 0; i < push->stack.count; i++) {
		const struct descriptor *sent = &push->sent[i];
		json_object_array_add(layers,
				      descriptor_json(is_oci ? sent->media : MEDIA_DOCKER_LAYER,
						      &sent->digest, sent->size));
	}
	strcpy(media, is_oci ? MEDIA_MANIFEST : MEDIA_DOCKER_V2);
	json_set_int(document, "schemaVersion", 2);
	json_set_string(document, "mediaType", media);
	json_set(document, "config",
		 descriptor_json(is_oci ? MEDIA_CONFIG : MEDIA_DOCKER_CONFIG, &push->id,
				 config_size));
	json_set(document, "layers", layers);
	text_puts(text, json_text(document));
	json_object_put(document);
}

static void push_manifest(struct push *push, const struct text *text, const char *media)
{
	char *path = text_format("%s/manifests/%s", push->reference.path,
				 reference_version(&push->reference));
	struct http_call call = {
		.method = "PUT",
		.content_type = media,
		.bytes = text->data,
		.length = text->length,
		.limit = 65536,
		.time_limit = 120,
	};
	struct http_reply reply;
	struct digest digest;

	registry_call(&push->registry, path, &call, &reply);
	if (reply.status != 201) {
		registry_fail(&push->registry, &reply, "the manifest is not taken");
	}
	digest_bytes(text->data, text->length, &digest);
	if (reply.digest[0] && strcmp(reply.digest, digest.text) != 0) {
		fail(FAIL_DIGEST, "the registry says %s of the manifest %s", reply.digest,
		     digest.text);
	}
	char *line = text_format("%s: digest: %s size: %zu", reference_version(&push->reference),
				 digest.text, text->length);
	report_progress(line, NULL, 0, 0);
	json *result = json_object_new_object();
	json_set_string(result, "digest", digest.text);
	json_set_int(result, "size", (int64_t)text->length);
	report_result(result);
	http_reply_free(&reply);
	free(line);
	free(path);
}

/* Pull of what may be mounted, push here. */
static void log_in(struct push *push)
{
	struct text scope = {0};

	text_printf(&scope, "repository:%s:pull,push", push->reference.path);
	for (size_t i = 0; i < push->stack.count; i++) {
		const char *from = source_of(push, &push->stack.layers[i]);
		if (from && !strstr(scope.data, from) && scope.length < 4096) {
			text_printf(&scope, " repository:%s:pull", from);
		}
	}
	registry_login(&push->registry, scope.data);
	text_free(&scope);
}

void command_push(const char *argument)
{
	json *request = report_request();
	struct push push = {.sent = NULL};
	struct text text = {0};
	char media[MEDIA_ROOM];
	uint64_t config_size;
	const char *why;

	report_doing("cannot push %s", argument);
	if (!reference_parse(argument, &push.reference, &why)) {
		fail(FAIL_BAD_INPUT, "%s", why);
	}
	image_read(json_get_object(request, "image"), &push.id, &push.stack);
	push.sent = memory_zeroed(push.stack.count, sizeof(*push.sent));
	registry_open(&push.registry, push.reference.domain, json_get_object(request, "auth"),
		      json_get_bool(request, "insecure", false));
	log_in(&push);
	char *line = text_format("The push refers to repository [%s/%s]", push.reference.domain,
				 push.reference.path);
	report_progress(line, NULL, 0, 0);
	free(line);
	for (size_t i = 0; i < push.stack.count; i++) {
		push_layer(&push, i);
	}
	push_config(&push, &config_size);
	if (!take_manifest(&push, &text, media)) {
		text_free(&text);
		make_manifest(&push, config_size, &text, media);
	}
	push_manifest(&push, &text, media);
	registry_close(&push.registry);
	layer_stack_free(&push.stack);
	free(push.sent);
	text_free(&text);
}
