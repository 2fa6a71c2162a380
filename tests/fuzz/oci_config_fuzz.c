/* SPDX-License-Identifier: Apache-2.0 */
/* Any config.json is taken or refused with words; so are its namespaces and mount options. */
/* Links: guest/runtime/validate.c guest/runtime/validate_parts.c guest/runtime/mount_options.c */
/* Links: guest/runtime/memory_policy.c guest/runtime/number_list.c guest/runtime/netdev.c guest/runtime/rtnetlink.c */
/* Links: guest/runtime/rdt.c guest/runtime/rdt_schema.c */
/* Links: guest/runtime/sysctl.c guest/runtime/namespaces.c guest/runtime/error.c */
/* Links: guest/common/json.c guest/common/text.c guest/common/file.c */
/* Libraries: -ljson-c */
#include "fuzz.h"

#include <stdlib.h>

#include "validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	struct error e = {0};
	json *config = json_parse((const char *)data, size, &why);
	bool is_good = config && validate_config(config, &e) == 0;

	if (config && is_good == (e.text != NULL)) {
		abort();
	}
	if (is_good) {
		struct namespaces ns = {.made = CLONE_NEWUTS | CLONE_NEWNS};
		validate_namespaces(config, &ns, false, &e);
	}
	error_free(&e);
	json_object_put(config);
	return 0;
}
