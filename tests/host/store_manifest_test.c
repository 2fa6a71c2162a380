/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of manifests and indexes. */
/* Links: guest/store/manifest.c guest/store/digest.c guest/common/json.c guest/common/text.c */
/* Libraries: -ljson-c -lnettle */
#include "manifest.h"
#include "tap.h"

#include <string.h>

#define D1  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OCI "application/vnd.oci.image."
#define CONFIG                                                                                     \
	"\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"size\":2,\"digest\":\"" D1 "\"}"
#define LAYER "{\"mediaType\":\"" OCI "layer.v1.tar+gzip\",\"size\":7,\"digest\":\"" D1 "\"}"

static json *parse(const char *text)
{
	const char *error;
	json *value = json_parse(text, strlen(text), &error);

	TAP_CHECK(value != NULL);
	return value;
}

static bool is_taken(const char *text)
{
	struct manifest manifest;
	const char *why;
	json *document = parse(text);
	bool is_good = manifest_parse(document, &manifest, &why);

	TAP_CHECK(is_good == !why);
	manifest_free(&manifest);
	json_object_put(document);
	return is_good;
}

static void whole(void)
{
	struct manifest manifest;
	const char *why;
	json *document = parse("{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER "," LAYER "]}");

	TAP_CHECK(manifest_parse(document, &manifest, &why));
	TAP_EQUAL(manifest.count, 2);
	TAP_EQUAL(manifest.layers[1].size, 7);
	TAP_EQUAL(manifest.config.size, 2);
	TAP_CHECK(!manifest.is_docker && !manifest_is_index(document, NULL));
	manifest_free(&manifest);
	json_object_put(document);
	TAP_CHECK(is_taken("{\"schemaVersion\":2," CONFIG ",\"layers\":[]}"));
}

static void refused(void)
{
	static const char *const bad[] = {
		"{}",
		"[]",
		"{\"schemaVersion\":1," CONFIG ",\"layers\":[]}",
		"{\"schemaVersion\":\"2\"," CONFIG ",\"layers\":[]}",
		"{\"schemaVersion\":2,\"layers\":[]}",
		"{\"schemaVersion\":2," CONFIG "}",
		"{\"schemaVersion\":2," CONFIG ",\"layers\":{}}",
		"{\"schemaVersion\":2," CONFIG ",\"layers\":[1]}",
		"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"digest\":\"" D1 "\",\"size\":1}]}",
		"{\"schemaVersion\":2,\"mediaType\":\"x\"," CONFIG ",\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"size\":2,\"digest\":\"" D1
		"\"},\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI
		"config.v1+json\",\"size\":99999999,\"digest\":\"" D1 "\"},\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI
		"config.v1+json\",\"size\":2,\"digest\":\"sha512:00\"},\"layers\":[]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(!is_taken(bad[i]));
	}
}

#define ENTRY(os, cpu, size)                                                                       \
	"{\"mediaType\":\"m\",\"size\":" size ",\"digest\":\"" D1 "\",\"platform\":{\"os\":\"" os  \
	"\",\"architecture\":\"" cpu "\",\"variant\":\"v8\"}}"

static void choice(void)
{
	struct descriptor chosen;
	const char *why;
	json *index = parse("{\"manifests\":[" ENTRY("linux", "arm64", "1") "," ENTRY(
		"windows", "amd64", "2") "," ENTRY("linux", "amd64", "3") "]}");

	TAP_CHECK(manifest_is_index(index, NULL));
	TAP_CHECK(manifest_choose(index, "linux/amd64", &chosen, &why));
	TAP_EQUAL(chosen.size, 3);
	TAP_CHECK(manifest_choose(index, "linux/arm64/v8", &chosen, &why));
	TAP_EQUAL(chosen.size, 1);
	TAP_CHECK(!manifest_choose(index, "linux/arm64/v7", &chosen, &why));
	TAP_CHECK(!manifest_choose(index, "linux/s390x", &chosen, &why));
	TAP_CHECK(!manifest_choose(index, "linux", &chosen, &why));
	TAP_CHECK(!manifest_choose(index, "", &chosen, &why));
	json_object_put(index);
}

static void media(void)
{
	TAP_CHECK(strstr(manifest_layer_media("\x1f\x8b\x08", 3), "+gzip") != NULL);
	TAP_CHECK(strstr(manifest_layer_media("\x28\xb5\x2f\xfd", 4), "+zstd") != NULL);
	TAP_CHECK(strchr(manifest_layer_media("", 0), '+') == NULL ||
		  strcmp(strrchr(manifest_layer_media("", 0), '.'), ".tar") == 0);
}

static const struct tap_case cases[] = {
	{"whole", whole}, {"refused", refused}, {"choice of a platform", choice}, {"media", media}};
TAP_MAIN(cases)
