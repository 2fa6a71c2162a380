/* SPDX-License-Identifier: Apache-2.0 */
/* Links: guest/engine/route.c guest/engine/moment.c guest/common/timestamp.c guest/engine/filter.c guest/engine/name.c guest/engine/image_ref.c guest/engine/restart.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "filter.h"
#include "image_ref.h"
#include "life.h"
#include "moment.h"
#include "name.h"
#include "route.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void handler(struct request *request)
{
	(void)request;
}

static const struct route routes[] = {
	{"GET", "/containers/json", handler, 0},       {"GET", "/containers/{id}/json", handler, 0},
	{"POST", "/images/{name...}/tag", handler, 0}, {"DELETE", "/images/{name...}", handler, 0},
	{"GET", "/exec/{id}/{what}", handler, 0},
};
static const struct route_table tables[] = {ROUTE_TABLE(routes)};

/* The route's number, 100 for a known path, 200 for none; the first parameter in `first`. */
static size_t find(const char *method, const char *path, char first[64])
{
	struct route_match match;
	size_t result = 200;

	route_find(tables, 1, method, path, &match);
	first[0] = '\0';
	if (match.route) {
		result = (size_t)(match.route - routes);
		strncat(first, match.parameters[0] ? match.parameters[0] : "-", 60);
	} else if (match.path_known) {
		result = 100;
	}
	route_match_free(&match);
	return result;
}

static void test_route(void)
{
	char first[64];

	TAP_EQUAL(find("GET", "/containers/json", first), 0);
	TAP_TEXT(first, "-");
	TAP_EQUAL(find("GET", "/containers/a.b/json", first), 1);
	TAP_TEXT(first, "a.b");
	TAP_EQUAL(find("GET", "/containers//json", first), 200);
	TAP_EQUAL(find("GET", "/containers/a/b/json", first), 200);
	TAP_EQUAL(find("POST", "/containers/json", first), 100);
	TAP_EQUAL(find("POST", "/images/host:5000/a/b:c/tag", first), 2);
	TAP_TEXT(first, "host:5000/a/b:c");
	TAP_EQUAL(find("POST", "/images/tag", first), 100);
	TAP_EQUAL(find("POST", "/images//tag", first), 100);
	TAP_EQUAL(find("DELETE", "/images/a/tag", first), 3);
	TAP_TEXT(first, "a/tag");
	TAP_EQUAL(find("DELETE", "/images/", first), 200);
	TAP_EQUAL(find("GET", "/exec/x/json", first), 4);
	TAP_EQUAL(find("GET", "", first), 200);
	TAP_EQUAL(find("GET", "/", first), 200);
	TAP_EQUAL(find("GET", "containers/json", first), 200);
}

static void test_version(void)
{
	unsigned version;

	TAP_TEXT(route_version("/v1.43/info", &version), "/info");
	TAP_EQUAL(version, 143);
	TAP_TEXT(route_version("/info", &version), "/info");
	TAP_EQUAL(version, 0);
	TAP_TEXT(route_version("/v1.43", &version), "/");
	TAP_EQUAL(version, 143);
	TAP_TEXT(route_version("/volumes", &version), "/volumes");
	TAP_TEXT(route_version("/v1x/info", &version), "/v1x/info");
	TAP_TEXT(route_version("/v1./info", &version), "/v1./info");
	TAP_TEXT(route_version("/v99999999999999999999.1/info", &version),
		 "/v99999999999999999999.1/info");
}

static void expect_moment(const char *text, int64_t wanted)
{
	int64_t moment = -1;

	TAP_CHECK(moment_parse(text, 1000 * MOMENT_SECOND, &moment));
	TAP_EQUAL(moment, wanted);
}

static void test_moment(void)
{
	char text[MOMENT_TEXT];
	int64_t moment;
	static const char *const wrong[] = {"",
					    "x",
					    "-",
					    "1h2",
					    "1x",
					    "2024-13-01",
					    "12:00",
					    "1e9",
					    "2024-01-01T00:00:00+2",
					    "2024-01-01T00:00:00Zx",
					    "nan"};

	expect_moment("10", 10 * MOMENT_SECOND);
	expect_moment("10.5", 10 * MOMENT_SECOND + MOMENT_SECOND / 2);
	expect_moment("1700000000.000000001", 1700000000 * MOMENT_SECOND + 1);
	expect_moment("1970-01-01T00:00:10Z", 10 * MOMENT_SECOND);
	expect_moment("1970-01-01T02:00:10.25+02:00", 10 * MOMENT_SECOND + MOMENT_SECOND / 4);
	expect_moment("1970-01-02", 86400 * MOMENT_SECOND);
	expect_moment("0001-01-01T00:00:00Z", 0);
	expect_moment("20-02-01", 0);
	expect_moment("10s", 990 * MOMENT_SECOND);
	expect_moment("1m30s", 910 * MOMENT_SECOND);
	expect_moment("500ms", 1000 * MOMENT_SECOND - MOMENT_SECOND / 2);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		TAP_CHECK(!moment_parse(wrong[i], 0, &moment));
	}
	TAP_TEXT(moment_text(0, text), "0001-01-01T00:00:00Z");
	TAP_TEXT(moment_text(1700000000 * MOMENT_SECOND + 7, text),
		 "2023-11-14T22:13:20.000000007Z");
}

static json *parse(const char *text)
{
	const char *error;

	return json_parse(text, strlen(text), &error);
}

static void test_filter(void)
{
	static const char *const keys[] = {"label", "name", NULL};
	const char *error;
	json *filter = filter_parse(
		"{\"label\":[\"a\",\"b=c\"],\"name\":{\"x1\":true,\"^y$\":true}}", &error);
	json *labels = parse("{\"a\":\"1\",\"b\":\"c\"}");
	json *fewer = parse("{\"b\":\"c\"}");

	TAP_CHECK(filter != NULL);
	TAP_CHECK(!filter_unknown(filter, keys));
	TAP_TEXT(filter_unknown(filter, keys + 1), "label");
	TAP_CHECK(filter_match_labels(filter, "label", labels));
	TAP_CHECK(!filter_match_labels(filter, "label", fewer));
	TAP_CHECK(!filter_match_labels(filter, "label", NULL));
	TAP_CHECK(filter_match_part(filter, "name", "ax12"));
	TAP_CHECK(filter_match_part(filter, "name", "y"));
	TAP_CHECK(!filter_match_part(filter, "name", "yy"));
	TAP_CHECK(filter_match(filter, "status", "anything"));
	TAP_CHECK(!filter_match(filter, "name", "x"));
	TAP_CHECK(filter_match(NULL, "name", "x"));
	json_object_put(filter);
	json_object_put(labels);
	json_object_put(fewer);
	TAP_CHECK(!filter_parse("[]", &error));
	TAP_CHECK(!filter_parse("{\"a\":1}", &error));
	TAP_CHECK(!filter_parse("{", &error));
	filter = filter_parse("", &error);
	TAP_CHECK(filter != NULL);
	json_object_put(filter);
}

static void expect_ref(const char *name, const char *normal, const char *familiar)
{
	char *got = image_ref_normal(name);

	TAP_TEXT(got ? got : "none", normal);
	if (got) {
		char *short_name = image_ref_familiar(got);
		TAP_TEXT(short_name, familiar);
		free(short_name);
	}
	free(got);
}

static void test_ref(void)
{
	static const char *const wrong[] = {"",      "A",  "a//b",   "/a",         "a/",
					    "a:",    "-a", "a:.b",   "a b",        "a@x",
					    "a:b c", "..", "a/../b", "a@sha256:00"};

	expect_ref("busybox", "docker.io/library/busybox:latest", "busybox:latest");
	expect_ref("busybox:1", "docker.io/library/busybox:1", "busybox:1");
	expect_ref("me/app", "docker.io/me/app:latest", "me/app:latest");
	expect_ref("docker.io/me/app", "docker.io/me/app:latest", "me/app:latest");
	expect_ref("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest");
	expect_ref("127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c");
	expect_ref("docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest");
	expect_ref("docker.io/library/a/b", "docker.io/library/a/b:latest",
		   "docker.io/library/a/b:latest");
	expect_ref("localhost/a", "localhost/a:latest", "localhost/a:latest");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		expect_ref(wrong[i], "none", NULL);
	}
	char *repository = image_ref_repository("host:5000/a:b");
	TAP_TEXT(repository, "host:5000/a");
	TAP_TEXT(image_ref_tag("host:5000/a:b"), "b");
	TAP_TEXT(image_ref_tag("host:5000/a"), "");
	free(repository);
}

static void test_name(void)
{
	char id[ID_SIZE];
	char *name = name_random();

	TAP_CHECK(name_is_valid(name));
	TAP_CHECK(name_is_valid("a1_.-"));
	TAP_CHECK(!name_is_valid("a"));
	TAP_CHECK(!name_is_valid(".a"));
	TAP_CHECK(!name_is_valid("a/b"));
	TAP_CHECK(!name_is_valid("a b"));
	TAP_EQUAL(strlen(id_random(id)), 64);
	TAP_CHECK(id_is_hex(id));
	TAP_CHECK(!id_is_hex("12g"));
	TAP_CHECK(!id_is_hex(""));
	free(name);
}

static void test_restart(void)
{
	int64_t delay = 0;

	delay = restart_next_delay(delay, 0);
	TAP_EQUAL(delay, 100);
	TAP_EQUAL(restart_next_delay(delay, 0), 200);
	TAP_EQUAL(restart_next_delay(51200, 0), 60000);
	TAP_EQUAL(restart_next_delay(60000, 0), 60000);
	TAP_EQUAL(restart_next_delay(60000, 11 * MOMENT_SECOND), 100);
	TAP_CHECK(!restart_is_wanted(RESTART_NO, 0, 0, 1, false));
	TAP_CHECK(restart_is_wanted(RESTART_ALWAYS, 0, 100, 0, false));
	TAP_CHECK(!restart_is_wanted(RESTART_ALWAYS, 0, 0, 1, true));
	TAP_CHECK(!restart_is_wanted(RESTART_UNLESS_STOPPED, 0, 0, 1, true));
	TAP_CHECK(restart_is_wanted(RESTART_ON_FAILURE, 3, 2, 1, false));
	TAP_CHECK(!restart_is_wanted(RESTART_ON_FAILURE, 3, 3, 1, false));
	TAP_CHECK(!restart_is_wanted(RESTART_ON_FAILURE, 0, 0, 0, false));
	TAP_CHECK(restart_is_wanted(RESTART_ON_FAILURE, 0, 1000, 1, false));
}

static const struct tap_case cases[] = {
	{"a path finds its route and parameters", test_route},
	{"the API version is taken off the path", test_version},
	{"moments are written and read", test_moment},
	{"filters are read and match", test_filter},
	{"image names are normalised", test_ref},
	{"names and IDs", test_name},
	{"restart policies and their pauses", test_restart},
};
TAP_MAIN(cases)
