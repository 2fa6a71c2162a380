/* SPDX-License-Identifier: Apache-2.0 */
/* `pull`: manifest and config first, then layers are unpacked in their order as they arrive. */
#include "commands.h"
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "download.h"
#include "image.h"
#include "manifest.h"
#include "registry.h"
#include "report.h"
#include "store.h"
#include "store_limits.h"

#define ACCEPT                                                                                     \
	MEDIA_DOCKER_V2 ", " MEDIA_DOCKER_LIST ", " MEDIA_MANIFEST ", " MEDIA_INDEX                \
			", application/json;q=0.5"
#define PLATFORM "linux/amd64"

struct pull {
	struct reference reference;
	struct registry registry;
	struct text document; /* the manifest */
	struct digest top;    /* what the tag names: manifest or index */
	struct digest digest; /* of the manifest */
	struct manifest manifest;
	json *config;
	bool is_new;
};

/* A document, with the digest that it must have when `wanted` is not NULL. */
static void fetch(struct pull *pull, const char *path, const struct digest *wanted, uint64_t limit,
		  struct text *text, struct digest *digest, char *media)
{
	struct http_call call = {.method = "GET", .accept = ACCEPT, .limit = limit};
	struct http_reply reply;

	registry_call(&pull->registry, path, &call, &reply);
	if (reply.status != 200) {
		registry_fail(&pull->registry, &reply, "no such image");
	}
	digest_bytes(reply.body.data, reply.body.length, digest);
	if (wanted && !digest_equal(digest, wanted)) {
		fail(FAIL_DIGEST, "%s has the digest %s", path, digest->text);
	}
	if (reply.digest[0] && strcmp(reply.digest, digest->text) != 0) {
		fail(FAIL_DIGEST, "the registry says %s of what has the digest %s", reply.digest,
		     digest->text);
	}
	memcpy(media, reply.media, sizeof(reply.media));
	text_free(text);
	*text = reply.body;
}

static json *parse(const struct text *text, const char *what)
{
	const char *why;
	json *value = json_parse(text->data, text->length, &why);

	if (!value) {
		fail(FAIL_BAD_INPUT, "the registry's %s is not JSON: %s", what, why);
	}
	return value;
}

static char *path_of(const struct pull *pull, const char *kind, const char *version)
{
	return text_format("%s/%s/%s", pull->reference.path, kind, version);
}

static void fetch_manifest(struct pull *pull, const char *platform)
{
	const struct digest *wanted =
		pull->reference.digest.text[0] ? &pull->reference.digest : NULL;
	char *path = path_of(pull, "manifests", reference_version(&pull->reference));
	struct descriptor chosen;
	const char *why;
	char media[MEDIA_ROOM];

	fetch(pull, path, wanted, LIMIT_DOCUMENT, &pull->document, &pull->top, media);
	pull->digest = pull->top;
	free(path);
	json *document = parse(&pull->document, "manifest");
	if (manifest_is_index(document, media)) {
		if (!manifest_choose(document, platform, &chosen, &why)) {
			fail(FAIL_NOT_FOUND, "the index: %s (%s)", why, platform);
		}
		json_object_put(document);
		path = path_of(pull, "manifests", chosen.digest.text);
		fetch(pull, path, &chosen.digest, LIMIT_DOCUMENT, &pull->document, &pull->digest,
		      media);
		free(path);
		document = parse(&pull->document, "manifest");
	}
	if (!manifest_parse(document, &pull->manifest, &why)) {
		fail(FAIL_BAD_INPUT, "the registry's manifest is not taken: %s", why);
	}
	json_object_put(document);
}

static void fetch_config(struct pull *pull)
{
	const struct descriptor *wanted = &pull->manifest.config;
	struct text text = {0};
	struct digest digest;
	const char *why;
	char media[MEDIA_ROOM];
	int fd = blob_open(&wanted->digest, NULL);

	pull->config = fd >= 0 ? blob_json(&wanted->digest) : NULL;
	file_close(fd);
	if (!pull->config) {
		char *path = path_of(pull, "blobs", wanted->digest.text);
		fetch(pull, path, &wanted->digest, wanted->size, &text, &digest, media);
		pull->config = parse(&text, "config");
		blob_put(text.data, text.length, &digest);
		pull->is_new = true;
		free(path);
		text_free(&text);
	}
	int count = image_config_check(pull->config, &why);
	if (count < 0 || (size_t)count != pull->manifest.count) {
		fail(FAIL_BAD_INPUT, "the image's config is not taken: %s",
		     count < 0 ? why : "it has another number of layers than the manifest");
	}
}

/* Waits until the blob with this index among those downloaded is there. */
static void wait_for(int notices, bool *arrived, size_t index)
{
	while (!arrived[index]) {
		size_t number = 0;
		ssize_t count = read(notices, &number, sizeof(number));
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count != (ssize_t)sizeof(number)) {
			report_join(); /* says why */
			fail(FAIL_IO, "the download ended");
		}
		arrived[number] = true;
	}
}

static void unpack(const struct pull *pull, struct layer_stack *stack,
		   const struct descriptor *blob, const struct digest *diff)
{
	char magic[4] = "";
	int fd = blob_open(&blob->digest, NULL);

	if (fd < 0) {
		fail_errno("cannot open the blob %s", blob->digest.text);
	}
	ssize_t length = pread(fd, magic, sizeof(magic), 0);
	struct layer_source source = {
		.fd = fd,
		.status = "Extracting",
		.label = digest_short(&blob->digest),
		.packed = blob->size,
		.blob = &blob->digest,
		.diff = diff,
	};
	layer_unpack(stack, &source, NULL);
	layer_set_blob(stack, &blob->digest, blob->size,
		       manifest_layer_media(magic, length > 0 ? (size_t)length : 0));
	struct layer *layer = &stack->layers[stack->count - 1];
	snprintf(layer->source, sizeof(layer->source), "%.255s/%.255s", pull->reference.domain,
		 pull->reference.path);
	layer_update(layer);
	close(fd);
	report_progress("Pull complete", digest_short(&blob->digest), 0, 0);
}

/* The layers that are there need no download: the number of them, from the lowest up. */
static size_t take_present(struct pull *pull, struct layer_stack *stack)
{
	struct digest diff;
	size_t count = 0;

	for (; count < pull->manifest.count; count++) {
		image_config_diff(pull->config, count, &diff);
		if (!layer_push(stack, &diff)) {
			break;
		}
		report_progress("Already exists",
				digest_short(&pull->manifest.layers[count].digest), 0, 0);
	}
	return count;
}

static void pull_layers(struct pull *pull, struct layer_stack *stack)
{
	size_t first = take_present(pull, stack);
	const struct download download = {
		.registry = &pull->registry,
		.path = pull->reference.path,
		.blobs = pull->manifest.layers + first,
		.count = pull->manifest.count - first,
	};
	bool *arrived = memory_zeroed(download.count, sizeof(*arrived));
	struct digest diff;

	if (!download.count) {
		free(arrived);
		return;
	}
	pull->is_new = true;
	for (size_t i = 0; i < download.count; i++) {
		report_progress("Pulling fs layer", digest_short(&download.blobs[i].digest), 0, 0);
	}
	int notices = download_start(&download);
	for (size_t i = 0; i < download.count; i++) {
		image_config_diff(pull->config, first + i, &diff);
		wait_for(notices, arrived, i);
		unpack(pull, stack, &download.blobs[i], &diff);
	}
	download_join(&download, notices);
	free(arrived);
}

static void open_pull(struct pull *pull, const char *name)
{
	json *request = report_request();
	const char *why;

	if (!reference_parse(name, &pull->reference, &why)) {
		fail(FAIL_BAD_INPUT, "%s", why);
	}
	registry_open(&pull->registry, pull->reference.domain, json_get_object(request, "auth"),
		      json_get_bool(request, "insecure", false));
	char *scope = text_format("repository:%s:pull", pull->reference.path);
	registry_login(&pull->registry, scope);
	free(scope);
	char *from = text_format("Pulling from %s", pull->reference.path);
	report_progress(from, reference_version(&pull->reference), 0, 0);
	free(from);
}

void command_pull(const char *argument)
{
	struct pull pull = {.is_new = false};
	struct layer_stack stack = {0};

	report_doing("cannot pull %s", argument);
	open_pull(&pull, argument);
	fetch_manifest(&pull, json_get_string(report_request(), "platform", PLATFORM));
	fetch_config(&pull);
	pull_layers(&pull, &stack);
	blob_put(pull.document.data, pull.document.length, &pull.digest);
	char *line = text_format("Digest: %s", pull.top.text);
	report_progress(line, NULL, 0, 0);
	free(line);

	json *result = json_object_new_object();
	json_set(result, "image",
		 image_object_of(&pull.manifest.config.digest, pull.config, &stack, &pull.digest,
				 &pull.top));
	json_set_string(result, "ref", argument);
	json_set_bool(result, "new", pull.is_new);
	layer_publish();
	report_result(result);
	json_object_put(pull.config);
	manifest_free(&pull.manifest);
	layer_stack_free(&stack);
	text_free(&pull.document);
	registry_close(&pull.registry);
}
