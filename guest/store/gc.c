/* SPDX-License-Identifier: Apache-2.0 */
/* `gc`: layers and blobs that the engine does not name go, and what pulls have left half done. */
#include "commands.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "digest.h"
#include "file.h"
#include "layer.h"
#include "report.h"
#include "store.h"
#include "text.h"

struct names {
	const char **hex;
	size_t count;
};

static int compare(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* What is not a digest must not silently keep nothing. */
static void read_names(const char *key, struct names *names)
{
	json *list = json_get_array(report_request(), key);

	if (!list) {
		fail(FAIL_BAD_INPUT, "the request does not say which %s to keep", key);
	}
	names->hex = memory_zeroed(json_count(list), sizeof(*names->hex));
	for (; names->count < json_count(list); names->count++) {
		const char *text = json_string_at(list, names->count);
		if (!digest_parse(text, NULL)) {
			fail(FAIL_BAD_INPUT, "%s: %s is not a digest", key, text ? text : "null");
		}
		names->hex[names->count] = strchr(text, ':') + 1;
	}
	if (names->count) {
		qsort(names->hex, names->count, sizeof(*names->hex), compare);
	}
}

static bool is_kept(const struct names *names, const char *hex)
{
	return names->count && bsearch(&hex, names->hex, names->count, sizeof(hex), compare);
}

struct removed {
	uint64_t count;
	uint64_t bytes;
};

static void remove_layer(const char *hex, struct removed *removed)
{
	struct digest chain;
	struct layer layer = {.size = 0};
	char *text = text_format("sha256:%s", hex);
	char *gone = store_work_name("gone");

	if (digest_parse(text, &chain)) {
		(void)layer_find(&chain, &layer);
	}
	if (renameat(store_layers(), hex, store_work(), gone) < 0 ||
	    file_remove_tree_at(store_work(), gone) < 0) {
		fail_errno("cannot remove the layer %s", hex);
	}
	removed->count++;
	removed->bytes += layer.size;
	free(gone);
	free(text);
}

static void remove_blob(const char *hex, struct removed *removed)
{
	struct stat status = {.st_size = 0};

	(void)fstatat(store_blobs(), hex, &status, AT_SYMLINK_NOFOLLOW);
	if (file_remove_tree_at(store_blobs(), hex) < 0) {
		fail_errno("cannot remove the blob %s", hex);
	}
	removed->count++;
	removed->bytes += (uint64_t)status.st_size;
}

/* Of a pull that broke off, unless one is at work on it. */
static void remove_partial(const char *name, struct removed *removed)
{
	struct stat status;

	if (strncmp(name, "partial-", 8) != 0) {
		return;
	}
	int fd = openat(store_tmp(), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &status) == 0 &&
	    unlinkat(store_tmp(), name, 0) == 0) {
		removed->count++;
		removed->bytes += (uint64_t)status.st_size;
	}
	close(fd);
}

static void sweep(int dir, const struct names *kept, void (*drop)(const char *, struct removed *),
		  struct removed *removed)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!list) {
		fail_errno("cannot read the store");
	}
	while ((entry = readdir(list))) {
		if (entry->d_name[0] != '.' && !(kept && is_kept(kept, entry->d_name))) {
			drop(entry->d_name, removed);
		}
	}
	closedir(list);
}

void command_gc(const char *argument)
{
	struct names layers = {0};
	struct names blobs = {0};
	struct removed removed = {0};

	(void)argument;
	report_doing("cannot clean the store");
	read_names("layers", &layers);
	read_names("blobs", &blobs);
	sweep(store_layers(), &layers, remove_layer, &removed);
	sweep(store_blobs(), &blobs, remove_blob, &removed);
	sweep(store_tmp(), NULL, remove_partial, &removed);
	json *result = json_object_new_object();
	json_set_int(result, "removed", (int64_t)removed.count);
	json_set_int(result, "bytes", (int64_t)removed.bytes);
	report_result(result);
	free(layers.hex);
	free(blobs.hex);
}
