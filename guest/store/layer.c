/* SPDX-License-Identifier: Apache-2.0 */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "store_limits.h"
#include "report.h"
#include "store.h"
#include "text.h"
#include "unpack.h"

#define RECORD "layer.json"

/* Made by this process, not visible yet. */
struct pending {
	struct digest chain;
	char *work_name;
	struct pending *next;
};

static struct pending *pendings;

static const struct pending *find_pending(const struct digest *chain)
{
	const struct pending *pending = pendings;

	while (pending && !digest_equal(&pending->chain, chain)) {
		pending = pending->next;
	}
	return pending;
}

/* Path of something in the layer, relative to *dir. */
static char *layer_path(const struct digest *chain, const char *what, int *dir)
{
	const struct pending *pending = find_pending(chain);

	*dir = pending ? store_work() : store_layers();
	return text_format("%s/%s", pending ? pending->work_name : digest_hex(chain), what);
}

static void layer_chain(const struct layer_stack *stack, const struct digest *diff,
			struct digest *chain)
{
	digest_chain(stack->count ? &stack->layers[stack->count - 1].chain : NULL, diff, chain);
}

json *layer_json(const struct layer *layer)
{
	json *object = json_object_new_object();

	json_set_string(object, "diff", layer->diff.text);
	json_set_string(object, "chain", layer->chain.text);
	json_set_string(object, "parent", layer->parent.text[0] ? layer->parent.text : NULL);
	json_set_string(object, "blob", layer->blob.text[0] ? layer->blob.text : NULL);
	json_set_string(object, "media", layer->media);
	json_set_int(object, "size", (int64_t)layer->size);
	json_set_int(object, "packed", (int64_t)layer->packed);
	if (layer->source[0]) {
		json_set_string(object, "source", layer->source);
	}
	if (layer->gzip.text[0]) {
		json_set_string(object, "gzip", layer->gzip.text);
		json_set_int(object, "gzip_size", (int64_t)layer->gzip_size);
	}
	return object;
}

bool layer_from_json(json *object, struct layer *layer)
{
	const char *blob = json_get_string(object, "blob", NULL);

	memset(layer, 0, sizeof(*layer));
	if (!digest_parse(json_get_string(object, "diff", NULL), &layer->diff) ||
	    !digest_parse(json_get_string(object, "chain", NULL), &layer->chain) ||
	    (blob && !digest_parse(blob, &layer->blob))) {
		return false;
	}
	digest_parse(json_get_string(object, "parent", NULL), &layer->parent);
	snprintf(layer->media, sizeof(layer->media), "%s", json_get_string(object, "media", ""));
	layer->size = (uint64_t)json_get_int(object, "size", 0);
	layer->packed = (uint64_t)json_get_int(object, "packed", 0);
	snprintf(layer->source, sizeof(layer->source), "%s", json_get_string(object, "source", ""));
	digest_parse(json_get_string(object, "gzip", NULL), &layer->gzip);
	layer->gzip_size = (uint64_t)json_get_int(object, "gzip_size", 0);
	return true;
}

bool layer_find(const struct digest *chain, struct layer *layer)
{
	struct text text = {0};
	const char *error;
	int dir;
	char *path = layer_path(chain, RECORD, &dir);
	json *record = NULL;

	if (file_read_at(dir, path, &text, LIMIT_DOCUMENT) == 0) {
		record = json_parse(text.data, text.length, &error);
	}
	bool is_found =
		record && layer_from_json(record, layer) && digest_equal(&layer->chain, chain);
	if (is_found && layer->blob.text[0]) {
		int fd = blob_open(&layer->blob, NULL);
		if (fd < 0) {
			layer->blob.text[0] = '\0';
		} else {
			close(fd);
		}
	}
	json_object_put(record);
	text_free(&text);
	free(path);
	return is_found;
}

int layer_open(const struct digest *chain)
{
	int dir;
	char *path = layer_path(chain, "diff", &dir);
	int fd = openat(dir, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		fail_errno("cannot open the layer %s", chain->text);
	}
	free(path);
	return fd;
}

void layer_update(const struct layer *layer)
{
	json *record = layer_json(layer);
	const char *text = json_text(record);
	int dir;
	char *path = layer_path(&layer->chain, RECORD, &dir);

	if (file_replace_at(dir, path, text, strlen(text), 0600, 0) < 0) {
		fail_errno("cannot write the record of the layer %s", layer->chain.text);
	}
	json_object_put(record);
	free(path);
}

static void add_to_stack(struct layer_stack *stack, const struct layer *layer)
{
	if (stack->count >= LIMIT_LAYERS) {
		fail(FAIL_BAD_INPUT, "the image has more than %d layers", LIMIT_LAYERS);
	}
	stack->layers = memory_resize(stack->layers, stack->count + 1, sizeof(*layer));
	stack->layers[stack->count++] = *layer;
}

/* The new layer's root directory. */
static int make_work(char **work_name)
{
	*work_name = store_work_name("layer");
	char *diff = text_format("%s/diff", *work_name);

	if (mkdirat(store_work(), *work_name, 0700) < 0 || mkdirat(store_work(), diff, 0755) < 0) {
		fail_errno("cannot make a directory in tmp");
	}
	int fd = openat(store_work(), diff, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755) < 0) {
		fail_errno("cannot open a directory in tmp");
	}
	free(diff);
	return fd;
}

static int *open_lowers(const struct layer_stack *stack)
{
	int *lowers = memory_zeroed(stack->count, sizeof(*lowers));

	for (size_t i = 0; i < stack->count; i++) {
		lowers[i] = layer_open(&stack->layers[stack->count - 1 - i].chain);
	}
	return lowers;
}

static void check(const struct digest *found, const struct digest *wanted, const char *what)
{
	if (wanted && !digest_equal(found, wanted)) {
		fail(FAIL_DIGEST, "%s has the digest %s and should have %s", what, found->text,
		     wanted->text);
	}
}

static uint64_t unpack_into(int root, const struct layer_stack *stack,
			    const struct layer_source *source, struct digest *blob,
			    struct digest *diff)
{
	struct stream *stream = memory_zeroed(1, sizeof(*stream));
	int *lowers = open_lowers(stack);
	struct unpack unpack = {
		.root = root,
		.mode = TAR_LAYER,
		.is_owned = true,
		.lowers = lowers,
		.lower_count = stack->count,
	};

	stream->is_hashed = true;
	stream->expected = source->packed;
	stream->label = source->label;
	stream->status = source->status;
	stream_open(stream, source->fd, source->filters);
	unpack_tar(&unpack, stream);
	stream_finish(stream, blob, diff);
	for (size_t i = 0; i < stack->count; i++) {
		close(lowers[i]);
	}
	free(lowers);
	free(stream);
	return unpack.size;
}

void layer_unpack(struct layer_stack *stack, const struct layer_source *source, struct digest *blob)
{
	struct layer layer = {.blob = {""}};
	struct pending *pending = memory_zeroed(1, sizeof(*pending));
	struct digest packed;
	int root = make_work(&pending->work_name);

	layer.size = unpack_into(root, stack, source, &packed, &layer.diff);
	close(root);
	check(&packed, source->blob, "a packed layer");
	check(&layer.diff, source->diff, "a layer");
	layer_chain(stack, &layer.diff, &layer.chain);
	if (stack->count) {
		layer.parent = stack->layers[stack->count - 1].chain;
	}
	pending->chain = layer.chain;
	pending->next = pendings;
	pendings = pending;
	layer_update(&layer);
	add_to_stack(stack, &layer);
	if (blob) {
		*blob = packed;
	}
}

void layer_set_blob(struct layer_stack *stack, const struct digest *blob, uint64_t packed,
		    const char *media)
{
	struct layer *layer = &stack->layers[stack->count - 1];

	layer->blob = *blob;
	layer->packed = packed;
	snprintf(layer->media, sizeof(layer->media), "%s", media);
	layer_update(layer);
}

bool layer_push(struct layer_stack *stack, const struct digest *diff)
{
	struct digest chain;
	struct layer layer;

	layer_chain(stack, diff, &chain);
	if (!layer_find(&chain, &layer)) {
		return false;
	}
	add_to_stack(stack, &layer);
	return true;
}

void layer_publish(void)
{
	bool has_layers = pendings != NULL;

	store_sync(has_layers);
	while (pendings) {
		struct pending *pending = pendings;
		pendings = pending->next;
		/* Somebody else may have been faster: theirs is as good. */
		if (renameat(store_work(), pending->work_name, store_layers(),
			     digest_hex(&pending->chain)) < 0 &&
		    errno != ENOTEMPTY && errno != EEXIST) {
			fail_errno("cannot put the layer %s into the store", pending->chain.text);
		}
		free(pending->work_name);
		free(pending);
	}
	if (has_layers && fsync(store_layers()) < 0) {
		fail_errno("cannot write the layers to the disk");
	}
}

void layer_stack_free(struct layer_stack *stack)
{
	free(stack->layers);
	*stack = (struct layer_stack){0};
}
