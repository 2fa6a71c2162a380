/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of reference_parse(): what it takes can stand in a URL's path as it is. */
/* Links: guest/store/reference.c guest/store/digest.c */
/* Libraries: -lnettle */
#include "fuzz.h"

#include <string.h>
#include "reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reference reference;
	const char *why;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (reference_parse(text, &reference, &why)) {
		FUZZ_CHECK(!why && reference_is_domain(reference.domain));
		FUZZ_CHECK(reference.path[0] && reference.path[0] != '/');
		FUZZ_CHECK(strspn(reference.path, "abcdefghijklmnopqrstuvwxyz0123456789._-/") ==
			   strlen(reference.path));
		FUZZ_CHECK(!strstr(reference.path, "..") && !strstr(reference.path, "//"));
		FUZZ_CHECK(reference_version(&reference)[0]);
	} else {
		FUZZ_CHECK(why);
	}
	(void)reference_is_loopback(text);
	free(text);
	return 0;
}
