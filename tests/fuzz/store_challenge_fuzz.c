/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of challenge_read(): a realm never holds what could break a header or a URL's line. */
/* Links: guest/store/challenge.c */
#include "fuzz.h"

#include <string.h>
#include "challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct challenge challenge = {0};
	char *text = malloc(size ? size : 1);

	memcpy(text, data, size);
	challenge_read(text, size, &challenge);
	free(text);
	FUZZ_CHECK(challenge.scheme != CHALLENGE_BEARER || challenge.realm[0]);
	FUZZ_CHECK(memchr(challenge.realm, '\0', sizeof(challenge.realm)));
	FUZZ_CHECK(memchr(challenge.service, '\0', sizeof(challenge.service)));
	FUZZ_CHECK(memchr(challenge.scope, '\0', sizeof(challenge.scope)));
	FUZZ_CHECK(!strpbrk(challenge.realm, "\r\n"));
	return 0;
}
