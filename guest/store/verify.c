/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `verify`: each blob has the digest of its name; each layer has a record that fits its name, and
 * its blob, or else its directory, still gives the tar of its diff ID.
 */
#include "commands.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "digest.h"
#include "layer.h"
#include "pack.h"
#include "report.h"
#include "store.h"
#include "stream.h"
#include "text.h"

struct verify {
	json *problems;
	uint64_t blobs;
	uint64_t layers;
};

__attribute__((format(printf, 2, 3))) static void problem(struct verify *verify, const char *format,
							  ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *words = text_vformat(format, arguments);
	va_end(arguments);
	report_progress(words, NULL, 0, 0);
	json_append_string(verify->problems, words);
	free(words);
}

static void verify_blob(struct verify *verify, const struct digest *digest)
{
	struct digest found;

	if (!blob_is_whole(digest, &found)) {
		problem(verify, "the blob %s has the digest %s", digest->text, found.text);
	}
	verify->blobs++;
}

static void add(void *opaque, const void *bytes, size_t length)
{
	sha256_update(opaque, length, bytes);
}

static void verify_layer(struct verify *verify, const struct digest *chain)
{
	struct layer layer;
	struct sha256_ctx hash;
	struct digest expected;
	struct digest diff;

	verify->layers++;
	if (!layer_find(chain, &layer)) {
		problem(verify, "the layer %s has no record that fits it", chain->text);
		return;
	}
	digest_chain(&layer.parent, &layer.diff, &expected);
	if (!digest_equal(&expected, chain)) {
		problem(verify, "the layer %s has the record of %s", chain->text, expected.text);
		return;
	}
	sha256_init(&hash);
	layer_tar(&layer, add, &hash);
	digest_finish(&hash, &diff);

	if (!digest_equal(&diff, &layer.diff)) {
		problem(verify, "the layer %s has the diff ID %s, not %s", chain->text, diff.text,
			layer.diff.text);
	}
}

static void each(struct verify *verify, int dir, const char *what,
		 void (*check)(struct verify *, const struct digest *))
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	struct digest digest;

	if (!list) {
		fail_errno("cannot read the store");
	}
	while ((entry = readdir(list))) {
		if (entry->d_name[0] == '.') {
			continue;
		}
		char *name = text_format("sha256:%s", entry->d_name);
		if (digest_parse(name, &digest)) {
			check(verify, &digest);
		} else {
			problem(verify, "%s/%s does not belong there", what, entry->d_name);
		}
		free(name);
	}
	closedir(list);
}

void command_verify(const char *argument)
{
	struct verify verify = {.problems = json_object_new_array()};

	(void)argument;
	report_doing("the store is damaged");
	each(&verify, store_blobs(), "blobs/sha256", verify_blob);
	size_t damaged = json_count(verify.problems);
	/* A damaged blob is not worth a look at its layer. */
	if (!damaged) {
		each(&verify, store_layers(), "layers", verify_layer);
	}
	if (json_count(verify.problems)) {
		fail(FAIL_DIGEST, "%zu problems, the first: %s", json_count(verify.problems),
		     json_string_at(verify.problems, 0));
	}
	json *result = json_object_new_object();
	json_set_int(result, "blobs", (int64_t)verify.blobs);
	json_set_int(result, "layers", (int64_t)verify.layers);
	report_result(result);
	json_object_put(verify.problems);
}
