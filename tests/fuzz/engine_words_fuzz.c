/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of what the engine reads of a request: path, version, filters, times, names, the body
 * of "create"; and of a log's line. The first byte picks. */
/* Links: guest/engine/route.c guest/engine/moment.c guest/common/timestamp.c guest/engine/filter.c guest/engine/image_ref.c guest/engine/name.c */
/* Links: guest/engine/spec_check.c guest/engine/body_check.c guest/engine/health_state.c guest/common/utf8.c guest/common/process_names.c guest/engine/create_config.c guest/engine/log_reader.c guest/engine/resolv.c guest/engine/log_options.c guest/engine/oci_security.c guest/common/lsm.c guest/common/file.c */
/* Links: guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "fuzz.h"

#include "create_config.h"
#include "filter.h"
#include "image_ref.h"
#include "log_reader.h"
#include "moment.h"
#include "name.h"
#include "route.h"
#include "spec_check.h"
#include "text.h"

#include <string.h>

static const struct route routes[] = {
	{"GET", "/containers/{id}/json", NULL, 0},
	{"GET", "/images/{name...}/json", NULL, 0},
	{"GET", "/{a}/{b...}/{c}/x", NULL, 0},
};
static const struct route_table tables[] = {ROUTE_TABLE(routes)};

static void fuzz_path(const char *text)
{
	struct route_match match;
	unsigned version;
	const char *path = route_version(text, &version);

	route_find(tables, 1, "GET", path, &match);
	FUZZ_CHECK(version <= 9999 && (!match.route || match.path_known));
	for (size_t i = 0; match.route && i < ROUTE_PARAMETERS && match.parameters[i]; i++) {
		FUZZ_CHECK(match.parameters[i][0] != '\0');
	}
	route_match_free(&match);
}

static void fuzz_filter(const char *text)
{
	const char *error;
	json *filter = filter_parse(text, &error);

	FUZZ_CHECK((filter == NULL) == (error != NULL));
	filter_match_part(filter, "name", "some-name");
	filter_match_labels(filter, "label", filter);
	json_object_put(filter);
}

/* A normal name is its own normal form, and the familiar one leads back to it. */
static void fuzz_ref(const char *text)
{
	char *normal = image_ref_normal(text);

	if (normal) {
		char *again = image_ref_normal(normal);
		char *familiar = image_ref_familiar(normal);
		FUZZ_CHECK(again && !strcmp(again, normal));
		free(again);
		again = image_ref_normal(familiar);
		FUZZ_CHECK(!again || !strcmp(again, normal));
		free(again);
		free(familiar);
	}
	free(normal);
	name_is_valid(text);
}

static void fuzz_times(const char *text)
{
	int64_t moment = 0;
	char written[MOMENT_TEXT];

	moment_parse(text, 1000 * MOMENT_SECOND, &moment);
	moment_text(moment, written);
	spec_size(text);
	spec_signal(text, 1);
	free(spec_capability(text));
}

static void fuzz_create(const char *text, size_t size)
{
	const char *words;
	json *body = json_parse(text, size, &words);
	char *error = body ? spec_check_create(body) : NULL;

	if (body && !error) {
		json *config = create_config(body, NULL, "0123456789abcdef");
		json *host = create_host_config(body);
		json *command = create_command(config);
		FUZZ_CHECK(json_get_array(config, "Env") && json_get_int(host, "ShmSize", 0) > 0);
		json_object_put(command);
		json_object_put(host);
		json_object_put(config);
	}
	free(error);
	json_object_put(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_entry entry = {0};
	char *text;

	if (!size) {
		return 0;
	}
	text = text_format("%.*s", (int)(size - 1), (const char *)data + 1);
	fuzz_path(text);
	switch (data[0] % 5) {
	case 0:
		fuzz_filter(text);
		break;
	case 1:
		fuzz_ref(text);
		break;
	case 2:
		fuzz_times(text);
		break;
	case 3:
		fuzz_create((const char *)data + 1, size - 1);
		break;
	default:
		if (log_line_parse((const char *)data + 1, size - 1, &entry)) {
			free(entry.bytes);
		}
		break;
	}
	free(text);
	return 0;
}
