/* SPDX-License-Identifier: Apache-2.0 */
/* WWW-Authenticate of registries. */
/* Links: guest/store/challenge.c */
#include "challenge.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static struct challenge challenge;

static enum challenge_scheme read_one(const char *value)
{
	size_t length = strlen(value);
	char *copy = malloc(length ? length : 1);

	memcpy(copy, value, length);
	memset(&challenge, 0, sizeof(challenge));
	challenge_read(copy, length, &challenge);
	free(copy);
	return challenge.scheme;
}

static void bearer(void)
{
	TAP_EQUAL(read_one("Bearer "
			   "realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull,push\""),
		  CHALLENGE_BEARER);
	TAP_TEXT(challenge.realm, "https://a/t");
	TAP_TEXT(challenge.service, "s");
	TAP_TEXT(challenge.scope, "repository:x:pull,push");
	TAP_EQUAL(read_one("bearer  Realm = https://a/t ,\tSERVICE=\"a \\\"b\\\"\""),
		  CHALLENGE_BEARER);
	TAP_TEXT(challenge.realm, "https://a/t");
	TAP_TEXT(challenge.service, "a \"b\"");
}

static void several(void)
{
	TAP_EQUAL(read_one("Basic realm=\"x\", Bearer realm=\"https://a/t\""), CHALLENGE_BEARER);
	TAP_TEXT(challenge.realm, "https://a/t");
	TAP_EQUAL(read_one("Bearer realm=\"https://a/t\", Basic realm=\"x\""), CHALLENGE_BEARER);
	TAP_TEXT(challenge.realm, "https://a/t");
	TAP_EQUAL(read_one("Negotiate, Basic realm=\"x\""), CHALLENGE_BASIC);
	/* A later header does not weaken. */
	TAP_EQUAL(read_one("Bearer realm=\"https://a/t\""), CHALLENGE_BEARER);
	challenge_read("Basic realm=\"x\"", 15, &challenge);
	TAP_EQUAL(challenge.scheme, CHALLENGE_BEARER);
}

static void malformed(void)
{
	static const char *const bad[] = {
		"",
		" ",
		",",
		"Bearer",
		"Bearer realm",
		"Bearer realm=",
		"Bearer realm=\"",
		"Bearer realm=\"x",
		"=",
		"\"",
		"Digest realm=\"x\"",
		"Bearer realm=\"a\nb\"",
		"Bearer service=\"x\"",
		"@",
		"Bearer\x01",
	};
	char text[4000] = "Bearer realm=\"";

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_EQUAL(read_one(bad[i]), CHALLENGE_NONE);
	}
	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 2);
	text[sizeof(text) - 2] = '"';
	text[sizeof(text) - 1] = '\0';
	TAP_EQUAL(read_one(text), CHALLENGE_NONE);
	TAP_EQUAL(read_one("Basic"), CHALLENGE_BASIC);
}

static const struct tap_case cases[] = {
	{"bearer", bearer}, {"several challenges", several}, {"malformed", malformed}};
TAP_MAIN(cases)
