/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of the checks of manifests, indexes and .dockerignore lines. */
/* Links: guest/store/manifest.c guest/store/glob.c guest/store/tar_plan.c guest/store/digest.c */
/* Links: guest/common/json.c guest/common/text.c */
/* Libraries: -ljson-c -larchive -lnettle */
#include "fuzz.h"

#include <string.h>
#include "glob.h"
#include "manifest.h"
#include "store_limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest;
	struct descriptor chosen;
	const char *why;
	json *document = json_parse((const char *)data, size, &why);

	if (!document) {
		FUZZ_CHECK(why);
		return 0;
	}
	if (manifest_parse(document, &manifest, &why)) {
		FUZZ_CHECK(!why && manifest.count <= LIMIT_LAYERS);
		FUZZ_CHECK(manifest.config.size <= LIMIT_DOCUMENT);
		for (size_t i = 0; i < manifest.count; i++) {
			FUZZ_CHECK(digest_parse(manifest.layers[i].digest.text, NULL));
			FUZZ_CHECK(manifest.layers[i].size <= LIMIT_BYTES);
		}
	} else {
		FUZZ_CHECK(why);
	}
	manifest_free(&manifest);
	(void)manifest_is_index(document, "application/json");
	if (manifest_choose(document, "linux/amd64", &chosen, &why)) {
		FUZZ_CHECK(digest_parse(chosen.digest.text, NULL));
	} else {
		FUZZ_CHECK(why);
	}
	(void)glob_ignores(document, "a/b/c.d");
	json_object_put(document);
	return 0;
}
