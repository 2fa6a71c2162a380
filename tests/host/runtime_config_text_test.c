/* SPDX-License-Identifier: Apache-2.0 */
/* Finding linux.seccomp in the text of a configuration. */
/* Links: guest/runtime/config_text.c guest/common/json.c guest/common/text.c guest/common/file.c */
/* Libraries: -ljson-c */
#include "config_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

static const char *kept; /* the profile that the cache holds, or NULL */

int seccomp_load_text(const char *profile, size_t length, const char *cache_dir,
		      struct seccomp_filter *out)
{
	(void)cache_dir;
	if (!kept || strlen(kept) != length || memcmp(kept, profile, length) != 0) {
		return -1;
	}
	out->count = 1;
	return 0;
}

void seccomp_free(struct seccomp_filter *filter)
{
	filter->count = 0;
}

/* What is found in `text`, NULL for nothing; the text lies in memory of its own size. */
static const char *found(const char *text)
{
	static char result[128];
	size_t length = strlen(text), size;
	const char *begin;
	char *copy = malloc(length ? length : 1);

	if (!copy) {
		abort();
	}
	memcpy(copy, text, length);
	bool is_found = config_seccomp_text(copy, length, &begin, &size);
	if (is_found) {
		snprintf(result, sizeof(result), "%.*s", (int)size, begin);
	}
	free(copy);
	return is_found ? result : NULL;
}

static bool is_same(const char *text, const char *wanted)
{
	const char *got = found(text);

	return wanted ? got && !strcmp(got, wanted) : !got;
}

static void test_finding(void)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"{\"linux\":{\"seccomp\":{\"a\":[1,{}]}}}", "{\"a\":[1,{}]}"},
		{" {\"a\" : \"}{\\\"\", \"linux\" : {\"x\":[\"]\"], \"seccomp\" : {} }, \"b\":1}",
		 "{} "},
		{"{\"seccomp\":{},\"linux\":{}}", NULL},
		{"{\"linux\":{\"a\":{\"seccomp\":{}}}}", NULL},
		{"{\"linux\":{\"seccomp\":null}}", NULL},
		{"{\"linux\":{\"seccomp\":{},\"seccomp\":{}}}", NULL},
		{"{\"linux\":{\"seccomp\":{}},\"linux\":{}}", NULL},
		{"{\"linux\":{\"seccomp\":{},\"seccom\\u0070\":{}}}", NULL},
		{"{\"linux\":{\"seccomp\":{\"a\":1", NULL},
		{"{\"linux\":{\"seccomp\":{\"a\\", NULL},
		{"{\"linux\":{\"seccomp\"", NULL},
		{"{\"linux\":", NULL},
		{"{\"", NULL},
		{"{", NULL},
		{"[]", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		TAP_CHECK(is_same(cases[i].text, cases[i].wanted));
	}
}

/* The text of what is parsed, "" where it is refused. */
static const char *parsed(const char *text, struct seccomp_filter *filter)
{
	static char result[256];
	const char *why = NULL;

	*filter = (struct seccomp_filter){0};
	json *config = config_parse(text, strlen(text), "", filter, &why);
	snprintf(result, sizeof(result), "%s", config ? json_text(config) : "");
	json_object_put(config);
	return result;
}

static void test_parsing(void)
{
	struct seccomp_filter filter;

	kept = NULL;
	TAP_CHECK(!strcmp(parsed("{\"linux\":{\"seccomp\":{\"a\":1}},\"b\":2}", &filter),
			  "{\"linux\":{\"seccomp\":{\"a\":1}},\"b\":2}"));
	TAP_EQUAL(filter.count, 0);
	kept = "{\"a\":1}";
	TAP_CHECK(!strcmp(parsed("{\"linux\":{\"seccomp\":{\"a\":1}},\"b\":2}", &filter),
			  "{\"linux\":{\"seccomp\":{}},\"b\":2}"));
	TAP_EQUAL(filter.count, 1);
	TAP_CHECK(!strcmp(parsed("{\"linux\":{\"seccomp\":{\"a\":2}}}", &filter),
			  "{\"linux\":{\"seccomp\":{\"a\":2}}}"));
	TAP_EQUAL(filter.count, 0);
	/* What is wrong before or behind it is refused all the same. */
	TAP_CHECK(!*parsed("{\"linux\":{\"seccomp\":{\"a\":1}},\"b\":}", &filter));
	TAP_EQUAL(filter.count, 0);
	TAP_CHECK(!*parsed("{\"b\":nul,\"linux\":{\"seccomp\":{\"a\":1}}}", &filter));
	TAP_CHECK(!*parsed("{\"linux\":{\"seccomp\":{\"a\":1}}} more", &filter));
	TAP_CHECK(!*parsed("{\"b\":/* \" */1,\"linux\":{\"seccomp\":{\"a\":1}}}", &filter));
}

static const struct tap_case cases[] = {
	{"the profile's text is found", test_finding},
	{"a kept profile is not parsed", test_parsing},
};
TAP_MAIN(cases)
