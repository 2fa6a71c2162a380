/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of what a request's path and query are read by: version and route, names of images,
 * moments, and the header with a registry's credentials. */
/* Links: guest/engine/route.c guest/engine/image_ref.c guest/engine/moment.c guest/common/timestamp.c */
/* Links: guest/engine/registry_auth.c guest/common/base64.c guest/engine/name.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "fuzz.h"

#include "http.h"
#include "image_ref.h"
#include "moment.h"
#include "name.h"
#include "registry_auth.h"
#include "route.h"

#include <stdlib.h>
#include <string.h>

static const char *header;

const char *request_header(struct request *request, const char *name)
{
	(void)request;
	(void)name;
	return header;
}

static void handler(struct request *request)
{
	(void)request;
}

static const struct route routes[] = {
	{"GET", "/images/json", handler, 0},         {"GET", "/images/{name...}/json", handler, 0},
	{"DELETE", "/images/{name...}", handler, 0}, {"POST", "/containers/{id}/start", handler, 0},
	{"GET", "/a/{b}/{c...}/d/{e}", handler, 0},
};
static const struct route_table tables[] = {ROUTE_TABLE(routes)};

static void check_route(const char *text)
{
	static const char *const methods[] = {"GET", "POST", "DELETE"};
	unsigned version;
	const char *path = route_version(text, &version);

	FUZZ_CHECK(version <= 9999 && (!version || *path == '/'));
	for (size_t m = 0; m < 3; m++) {
		struct route_match match;
		route_find(tables, 1, methods[m], path, &match);
		FUZZ_CHECK(!match.route || match.path_known);
		for (size_t i = 0; i < ROUTE_PARAMETERS && match.parameters[i]; i++) {
			FUZZ_CHECK(match.route && *match.parameters[i]);
			FUZZ_CHECK(strstr(path, match.parameters[i]));
		}
		route_match_free(&match);
	}
}

/* Normal names stay as they are, and no part of one is a parent directory. */
static void check_reference(const char *text)
{
	char *normal = image_ref_normal(text);

	if (!normal) {
		return;
	}
	char *again = image_ref_normal(normal);
	FUZZ_CHECK(again && !strcmp(again, normal));
	FUZZ_CHECK(!strstr(normal, "/../") && strncmp(normal, "../", 3) && !strstr(normal, "//"));
	char *familiar = image_ref_familiar(normal);
	char *back = image_ref_normal(familiar);
	FUZZ_CHECK(back && !strcmp(back, normal));
	char *repository = image_ref_repository(normal);
	FUZZ_CHECK(*repository && !strncmp(normal, repository, strlen(repository)));
	FUZZ_CHECK(*image_ref_tag(normal));
	free(repository);
	free(back);
	free(familiar);
	free(again);
	free(normal);
}

static void check_moment(const char *text)
{
	int64_t moment = 0;
	int64_t duration = 0;
	char out[MOMENT_TEXT];

	if (moment_parse(text, INT64_C(1700000000) * MOMENT_SECOND, &moment)) {
		FUZZ_CHECK(strlen(moment_text(moment, out)) < MOMENT_TEXT);
	}
	(void)duration_parse(text, &duration);
}

static void check_credentials(const char *text)
{
	header = text;
	json *auth = registry_auth(NULL);
	json *auths = registry_auths(NULL);
	json *one = registry_auth_for(auths, "docker.io/library/x:1");
	json *other = registry_auth_for(auths, text);

	FUZZ_CHECK(json_object_is_type(auth, json_type_object));
	FUZZ_CHECK(json_object_is_type(one, json_type_object) &&
		   json_object_is_type(other, json_type_object));
	json_object_put(other);
	json_object_put(one);
	json_object_put(auths);
	json_object_put(auth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	check_route(text);
	check_reference(text);
	check_moment(text);
	check_credentials(text);
	FUZZ_CHECK(!name_is_valid(text) || !strchr(text, '/'));
	free(text);
	return 0;
}
