/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of what judges a client's JSON: filters, bodies of create, exec, networks and volumes,
 * and an image's configuration. What is refused comes with words. */
/* Links: guest/engine/filter.c guest/engine/spec_check.c guest/engine/body_check.c guest/engine/health_state.c guest/common/utf8.c guest/engine/moment.c guest/common/timestamp.c guest/engine/resolv.c guest/engine/log_options.c guest/engine/oci_security.c guest/common/lsm.c guest/common/file.c */
/* Links: guest/engine/create_config.c guest/common/process_names.c guest/common/text.c */
/* Links: guest/common/json.c */
/* Libraries: -ljson-c */
#include "fuzz.h"

#include "body_check.h"
#include "create_config.h"
#include "filter.h"
#include "spec_check.h"

#include <stdlib.h>
#include <string.h>

static void check_filter(const char *text)
{
	static const char *const keys[] = {"label", "name", "id", NULL};
	const char *error;
	json *filter = filter_parse(text, &error);

	FUZZ_CHECK(!filter == (error != NULL));
	if (!filter) {
		return;
	}
	const char *unknown = filter_unknown(filter, keys);
	FUZZ_CHECK(!unknown || json_get(filter, unknown));
	(void)filter_match(filter, "id", "value");
	(void)filter_match_part(filter, "name", "a name");
	(void)filter_match_prefix(filter, "id", "");
	(void)filter_match_labels(filter, "label", filter);
	(void)filter_bool(filter, "dangling", true);
	json_object_put(filter);
}

/* What was accepted can be used: the words of a command are words. */
static void check_create(json *body, json *image)
{
	json *config = create_config(body, image, "0123456789abcdef");
	json *host = create_host_config(body);
	json *command = create_command(config);

	for (size_t i = 0; i < json_count(command); i++) {
		FUZZ_CHECK(json_string_at(command, i));
	}
	FUZZ_CHECK(json_object_is_type(host, json_type_object));
	json_object_put(command);
	json_object_put(host);
	json_object_put(config);
}

static void check_all(json *body)
{
	char *(*const checks[])(json *) = {body_check_exec, body_check_volume, body_check_network,
					   body_check_connect, spec_check_host};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char *words = checks[i](body);
		FUZZ_CHECK(!words || *words);
		free(words);
	}
	char *create = spec_check_create(body);
	char *image = spec_check_image(body);
	if (!create) {
		check_create(body, image ? NULL : json_get(body, "config"));
	}
	free(image);
	free(create);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *error;
	char *text = strndup((const char *)data, size);
	json *body = json_parse((const char *)data, size, &error);

	check_filter(text);
	if (json_object_is_type(body, json_type_object)) {
		check_all(body);
	}
	(void)spec_signal(text, 15);
	free(spec_capability(text));
	json_object_put(body);
	free(text);
	return 0;
}
