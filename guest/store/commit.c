/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `commit`: a container's upper directory becomes a layer on its image. One process packs it, the
 * other unpacks it into the store, so that the layer has the digest of the very bytes it came from
 * and pack.h makes the same bytes from it again when it is pushed.
 */
#include "commands.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "image.h"
#include "pack.h"
#include "report.h"
#include "request.h"
#include "store.h"
#include "timestamp.h"

static _Noreturn void pack_upper(int upper, int output)
{
	struct pack pack = {
		.mode = TAR_LAYER,
		.write = pack_write_fd,
		.opaque = &output,
		.skip = json_get_array(report_request(), "skip"),
	};

	pack_whole(&pack, upper);
	close(output);
	exit(0);
}

static void add_layer(struct layer_stack *stack)
{
	int upper = request_dir("upper", O_RDONLY);
	int ends[2];
	struct digest diff;
	struct layer found;

	store_work();
	report_pipe(ends);

	(void)fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
	if (report_fork() == 0) {
		close(ends[0]);
		pack_upper(upper, ends[1]);
	}
	close(ends[1]);
	struct layer_source source = {.fd = ends[0], .filters = STREAM_LAYER};
	layer_unpack(stack, &source, &diff);
	report_join();
	close(ends[0]);
	close(upper);
	struct layer *top = &stack->layers[stack->count - 1];
	/* The same contents may have come from elsewhere, with a blob. */
	if (layer_find(&top->chain, &found)) {
		*top = found;
	}
}

static json *make_entry(const char *created)
{
	json *request = report_request();
	json *entry = json_object_new_object();

	json_set_string(entry, "created", created);
	json_set_string(entry, "created_by", json_get_string(request, "created_by", ""));
	if (*json_get_string(request, "author", "")) {
		json_set_string(entry, "author", json_get_string(request, "author", ""));
	}
	if (*json_get_string(request, "comment", "")) {
		json_set_string(entry, "comment", json_get_string(request, "comment", ""));
	}
	return entry;
}

/* A copy of the base image's config, or a new one. */
static json *base_config(json *image)
{
	json *copy = NULL;

	if (!image) {
		return image_config_new();
	}
	if (json_object_deep_copy(json_get_object(image, "config"), &copy, NULL) < 0) {
		fail(FAIL_IO, "out of memory");
	}
	return copy;
}

void command_commit(const char *argument)
{
	json *request = report_request();
	json *base = json_get_object(request, "image");
	json *given = json_get_object(request, "config");
	bool is_empty = json_get_bool(request, "empty_layer", false);
	struct layer_stack stack = {0};
	struct digest id;

	(void)argument;
	report_doing("cannot commit");
	if (base) {
		image_read(base, &id, &stack);
	}
	if (!is_empty) {
		add_layer(&stack);
	}
	char now[TIMESTAMP_SIZE];
	timestamp_now(now);
	const char *created = json_get_string(request, "created", now);
	json *config = base_config(base);
	json_set_string(config, "created", created);
	if (*json_get_string(request, "author", "")) {
		json_set_string(config, "author", json_get_string(request, "author", ""));
	}
	if (given) {
		json_set(config, "config", json_object_get(given));
	}
	json_object_object_del(config, "container");
	json_object_object_del(config, "container_config");
	image_config_add(config, is_empty ? NULL : &stack.layers[stack.count - 1].diff,
			 make_entry(created));
	json *result = json_object_new_object();
	json_set(result, "image", image_object(config, &stack, NULL, NULL));
	layer_publish();
	report_result(result);
	json_object_put(config);
	layer_stack_free(&stack);
}
