/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images as Docker reads them, and digests. */
/* Links: guest/store/reference.c guest/store/digest.c */
/* Libraries: -lnettle */
#include "reference.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct reference reference;

/* From an exact copy on the heap, so that a read beyond the end is seen. */
static bool parse(const char *text)
{
	const char *why;
	char *copy = strdup(text);
	bool is_good = reference_parse(copy, &reference, &why);

	TAP_CHECK(is_good == !why);
	free(copy);
	return is_good;
}

static void accepts(const char *text, const char *domain, const char *path, const char *version)
{
	TAP_CHECK(parse(text));
	TAP_TEXT(reference.domain, domain);
	TAP_TEXT(reference.path, path);
	TAP_TEXT(reference_version(&reference), version);
}

static void whole_names(void)
{
	accepts("busybox", "docker.io", "library/busybox", "latest");
	accepts("busybox:1.36", "docker.io", "library/busybox", "1.36");
	accepts("team/box", "docker.io", "team/box", "latest");
	accepts("docker.io/busybox", "docker.io", "library/busybox", "latest");
	accepts("index.docker.io/a/b:c", "docker.io", "a/b", "c");
	accepts("localhost/x", "localhost", "x", "latest");
	accepts("LOCAL/x", "LOCAL", "x", "latest");
	accepts("127.0.0.1:5000/a/b/c:T_a.g-1", "127.0.0.1:5000", "a/b/c", "T_a.g-1");
	accepts("[::1]:5000/x", "[::1]:5000", "x", "latest");
	accepts("quay.io/a.b/c__d/e--f_g", "quay.io", "a.b/c__d/e--f_g", "latest");
	accepts("x@sha256:" HEX, "docker.io", "library/x", "sha256:" HEX);
	accepts("r.io:80/x:t@sha256:" HEX, "r.io:80", "x", "sha256:" HEX);
	TAP_TEXT(reference.tag, "t");
}

static void refused_names(void)
{
	static const char *const bad[] = {
		"",
		":",
		"/",
		"a/",
		"/a",
		"a//b",
		"A",
		"a/B",
		"a:",
		"a:-x",
		"a:.x",
		"a:b:c",
		"a@",
		"a@sha256:123",
		"a@md5:" HEX,
		"a b",
		"a\n",
		"-a",
		"a-",
		"a..b",
		"a___b",
		"_a",
		"a._b",
		HEX,
		"host.io:99999/x",
		"host.io:/x",
		"host.io:0/x",
		"-.io/x",
		"a-.io/x",
		"[::1/x",
		"[]:80/x",
		"../x",
		"a/../b",
		"a.io/",
		"a?b",
		"a%2f",
		"user@host/x",
		"http://x/y",
		"r.io/x@sha256:" HEX "0",
		"r.io/x@sha256:E" HEX,
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i])) {
			tap_note("taken: '%s'", bad[i]);
			TAP_CHECK(false);
		}
	}
}

static void long_names(void)
{
	char text[1024];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	TAP_CHECK(!parse(text));
	text[240] = '\0';
	TAP_CHECK(parse(text));
	strcpy(text, "x:");
	memset(text + 2, 't', 128);
	text[130] = '\0';
	TAP_CHECK(parse(text));
	strcpy(text + 130, "t");
	TAP_CHECK(!parse(text));
}

static void loopback(void)
{
	static const char *const yes[] = {"localhost",   "localhost:5000", "127.0.0.1",
					  "127.9.8.7:1", "[::1]",          "[::1]:80"};
	static const char *const no[] = {"docker.io",
					 "127.0.0.1.evil.com",
					 "localhost.evil.com",
					 "127.0.0.256",
					 "127.0.0",
					 "128.0.0.1",
					 "[::2]",
					 "[::1]x",
					 "1270.0.0.1",
					 "0.0.0.0",
					 "127.0.0.1x"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		TAP_CHECK(reference_is_loopback(yes[i]));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		TAP_CHECK(!reference_is_loopback(no[i]));
	}
}

static void digests(void)
{
	struct digest digest;
	struct digest other;
	struct digest chain;

	digest_bytes("", 0, &digest);
	TAP_TEXT(digest.text, "sha256:" HEX);
	TAP_TEXT(digest_short(&digest), "e3b0c44298fc");
	TAP_CHECK(digest_parse("sha256:" HEX, &other) && digest_equal(&digest, &other));
	TAP_CHECK(!digest_parse("sha256:" HEX "a", NULL) && !digest_parse("sha256:", NULL));
	TAP_CHECK(!digest_parse("SHA256:" HEX, NULL) && !digest_parse(NULL, NULL));
	TAP_CHECK(!digest_parse(
		"sha256:../../../../../../../../../../../../etc/passwd/////////////", NULL));
	digest_chain(NULL, &digest, &chain);
	TAP_CHECK(digest_equal(&chain, &digest));
	digest_chain(&digest, &digest, &chain);
	digest_bytes("sha256:" HEX " sha256:" HEX, 143, &other);
	TAP_CHECK(digest_equal(&chain, &other));
}

static const struct tap_case cases[] = {
	{"whole names", whole_names}, {"refused names", refused_names},
	{"long names", long_names},   {"loopback", loopback},
	{"digests", digests},
};
TAP_MAIN(cases)
