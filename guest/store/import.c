/* SPDX-License-Identifier: Apache-2.0 */
/* `import`: a tar of a root file system becomes an image of one layer. */
#include "commands.h"

#include <stdlib.h>
#include <unistd.h>
#include "image.h"
#include "report.h"
#include "store.h"
#include "text.h"
#include "timestamp.h"

/* The bytes are kept as a blob, so that what is pushed or saved later has the same digest. */
static void store_input(struct blob *blob)
{
	struct stream *stream = memory_zeroed(1, sizeof(*stream));
	const void *bytes;
	size_t length;

	blob_begin(blob);
	stream_open(stream, STDIN_FILENO, STREAM_ANY);
	while ((length = stream_read(stream, &bytes)) > 0) {
		blob_add(blob, bytes, length);
	}
	stream_finish(stream, NULL, NULL);
	free(stream);
	if (lseek(blob->fd, 0, SEEK_SET) < 0) {
		fail_errno("cannot read again what was imported");
	}
}

static json *make_config(const struct digest *diff)
{
	json *request = report_request();
	json *config = image_config_new();
	json *entry = json_object_new_object();
	json *given = json_get_object(request, "config");
	char now[TIMESTAMP_SIZE];

	timestamp_now(now);
	json_set_string(config, "created", now);
	if (given) {
		json_set(config, "config", json_object_get(given));
	}
	json_set_string(entry, "created", now);
	json_set_string(entry, "comment", json_get_string(request, "message", "Imported from -"));
	image_config_add(config, diff, entry);
	return config;
}

void command_import(const char *argument)
{
	struct layer_stack stack = {0};
	struct blob blob;
	struct digest digest;

	(void)argument;
	report_doing("cannot import");
	store_input(&blob);
	struct layer_source source = {.fd = blob.fd, .filters = STREAM_LAYER};
	layer_unpack(&stack, &source, NULL);
	uint64_t bytes = blob.bytes;
	blob_commit(&blob, &digest);
	layer_set_blob(&stack, &digest, bytes, MEDIA_LAYER);

	json *config = make_config(&stack.layers[0].diff);
	json *result = json_object_new_object();
	json_set(result, "image", image_object(config, &stack, NULL, NULL));
	layer_publish();
	json_object_put(config);
	layer_stack_free(&stack);
	report_result(result);
}
