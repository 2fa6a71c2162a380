/* SPDX-License-Identifier: Apache-2.0 */
#include "partition_view.h"
#include "engine.h"
#include "file.h"
#include "text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define RUNTIME_NAME "partition"
#define PREFIX       "bulkhead."
#define STATE_LIMIT  (1u << 20)

json *partition_view(const struct container *container)
{
	struct text text = {0};
	const char *error;
	json *facts = NULL;

	if (strcmp(container->runtime, RUNTIME_NAME) != 0) {
		return NULL;
	}
	char *path = engine_run_path("runtime/%s/state.json", container->id);
	json *state = file_read_at(AT_FDCWD, path, &text, STATE_LIMIT) == 0
			      ? json_parse(text.data, text.length, &error)
			      : NULL;
	json *annotations = json_get_object(state, "annotations");
	if (annotations) {
		facts = json_object_new_object();
		json_object_object_foreach(annotations, key, value)
		{
			if (!strncmp(key, PREFIX, strlen(PREFIX))) {
				json_set(facts, key, json_object_get(value));
			}
		}
	}
	json_object_put(state);
	text_free(&text);
	free(path);
	return facts;
}
