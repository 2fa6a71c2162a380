/* SPDX-License-Identifier: Apache-2.0 */
/* `load`: the archive is unpacked to tmp/ first, because what names its parts comes last in it. */
#include "load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "commands.h"
#include "file.h"
#include "image.h"
#include "in_root.h"
#include "store_limits.h"
#include "manifest.h"
#include "report.h"
#include "store.h"
#include "unpack.h"

/* A regular file of the archive; symbolic links inside it are followed. */
static int open_file(int staged, const char *path)
{
	struct stat status;
	int fd = in_root_open(staged, path, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0) {
		fail(FAIL_BAD_INPUT, "the archive does not have the file %.200s that it names",
		     path);
	}
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		fail(FAIL_BAD_INPUT, "%.200s is not a regular file", path);
	}
	return fd;
}

void load_document(int staged, const char *path, struct text *text)
{
	int fd = open_file(staged, path);

	if (file_read_fd(fd, text, LIMIT_DOCUMENT) < 0) {
		fail(FAIL_BAD_INPUT, "cannot read %.200s, or it is too large", path);
	}
	close(fd);
}

json *load_json(int staged, const char *path)
{
	struct text text = {0};
	const char *error;

	load_document(staged, path, &text);
	json *value = json_parse(text.data, text.length, &error);
	if (!value) {
		fail(FAIL_BAD_INPUT, "%.200s is not JSON: %s", path, error);
	}
	text_free(&text);
	return value;
}

/* The open file gets a second name, which becomes the blob. */
static void keep_blob(int fd, const struct digest *digest)
{
	char *name = store_work_name("blob");
	char path[64];
	int there = blob_open(digest, NULL);

	if (there >= 0) {
		close(there);
	} else {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (fchmod(fd, 0600) < 0 ||
		    linkat(AT_FDCWD, path, store_work(), name, AT_SYMLINK_FOLLOW) < 0) {
			fail_errno("cannot keep the blob %s", digest->text);
		}
		blob_adopt(name, digest);
	}
	free(name);
}

void load_layer(struct layer_stack *stack, int staged, const char *path, const struct digest *diff,
		const struct digest *blob)
{
	struct digest found;
	struct stat status;
	char magic[4];

	if (layer_push(stack, diff)) {
		return;
	}
	int fd = open_file(staged, path);
	ssize_t length = pread(fd, magic, sizeof(magic), 0);
	if (length < 0 || fstat(fd, &status) < 0) {
		fail_errno("cannot read %s", path);
	}
	struct layer_source source = {
		.fd = fd,
		.status = "Loading layer",
		.label = digest_short(diff),
		.packed = (uint64_t)status.st_size,
		.blob = blob,
		.diff = diff,
	};
	layer_unpack(stack, &source, &found);
	keep_blob(fd, &found);
	layer_set_blob(stack, &found, (uint64_t)status.st_size,
		       manifest_layer_media(magic, (size_t)length));
	close(fd);
}

json *load_config(int staged, const char *path, size_t count, struct digest *id)
{
	struct text text = {0};
	const char *why;

	load_document(staged, path, &text);
	json *config = json_parse(text.data, text.length, &why);
	int layers = config ? image_config_check(config, &why) : -1;
	if (layers < 0) {
		fail(FAIL_BAD_INPUT, "%.200s is not an image's config: %s", path, why);
	}
	if ((size_t)layers != count) {
		fail(FAIL_BAD_INPUT, "%.200s: it names %d layers, the archive %zu", path, layers,
		     count);
	}
	blob_put(text.data, text.length, id);
	text_free(&text);
	return config;
}

static int stage(void)
{

	char *name = store_work_name("load");

	if (mkdirat(store_work(), name, 0700) < 0) {
		fail_errno("cannot make a directory in tmp");
	}
	int fd = openat(store_work(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail_errno("cannot open a directory in tmp");
	}
	struct unpack unpack = {.root = fd, .mode = TAR_PLAIN};
	unpack_fd(&unpack, STDIN_FILENO);

	free(name);
	return fd;
}

static bool has_file(int staged, const char *path)
{
	int fd = in_root_open(staged, path, O_PATH, 0);

	file_close(fd);
	return fd >= 0;
}

void command_load(const char *argument)
{
	json *images = json_object_new_array();

	(void)argument;
	report_doing("cannot load");
	int staged = stage();
	if (has_file(staged, "manifest.json")) {
		load_docker(staged, images);
	} else if (has_file(staged, "index.json")) {
		load_oci(staged, images);
	} else {
		fail(FAIL_BAD_INPUT, "the archive has neither manifest.json (docker save) nor "
				     "index.json (OCI layout); a root file system is taken by "
				     "import");
	}
	close(staged);
	layer_publish();
	json *result = json_object_new_object();
	json_set(result, "images", images);
	report_result(result);
}
