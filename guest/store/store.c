/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "file.h"
#include "store_limits.h"
#include "report.h"
#include "text.h"

#define UNSYNCED_MAX 8

static struct {
	int blobs;
	int layers;
	int tmp;
	int work;
	char work_name[32];
	unsigned int name_count;
	int unsynced[UNSYNCED_MAX]; /* blobs */
	size_t unsynced_count;      /* may be more than there is room for */
	pid_t owner;
} store = {.blobs = -1, .layers = -1, .tmp = -1, .work = -1};

static int open_dir(const char *root, const char *name)
{
	char *path = text_format("%s/%s", root, name);

	if (file_make_dirs(path, 0700) < 0) {
		fail_errno("cannot make %s", path);
	}
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail_errno("cannot open %s", path);
	}
	free(path);
	return fd;
}

void store_open(const char *root)
{
	store.blobs = open_dir(root, "blobs/sha256");
	store.layers = open_dir(root, "layers");
	store.tmp = open_dir(root, "tmp");
	/* Held to the end: an engine empties tmp at its start when nobody is at work there. */
	flock(store.tmp, LOCK_SH);
}

int store_blobs(void)
{
	return store.blobs;
}

int store_layers(void)
{
	return store.layers;
}

int store_tmp(void)
{
	return store.tmp;
}

static void remove_work(void)
{
	if (getpid() == store.owner) {
		(void)file_remove_tree_at(store.tmp, store.work_name);
	}
}

int store_work(void)
{
	uint64_t number = 0;

	if (store.work >= 0) {
		return store.work;
	}
	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number)) {
		fail_errno("cannot get a random name");
	}
	snprintf(store.work_name, sizeof(store.work_name), "work-%016llx",
		 (unsigned long long)number);
	if (mkdirat(store.tmp, store.work_name, 0700) < 0) {
		fail_errno("cannot make tmp/%s", store.work_name);
	}
	store.owner = getpid();
	atexit(remove_work);
	store.work = openat(store.tmp, store.work_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.work < 0) {
		fail_errno("cannot open tmp/%s", store.work_name);
	}
	return store.work;
}

char *store_work_name(const char *kind)
{
	return text_format("%s-%u", kind, store.name_count++);
}

void store_check_space(void)
{
	struct statvfs space;

	if (fstatvfs(store.tmp, &space) == 0 &&
	    (uint64_t)space.f_bavail * space.f_frsize < LIMIT_SPARE_BYTES) {
		fail(FAIL_NO_SPACE, "the store's file system is full; remove images that are not "
				    "needed (docker image prune)");
	}
}

void blob_begin(struct blob *blob)
{
	blob->name = store_work_name("blob");
	blob->fd = openat(store_work(), blob->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (blob->fd < 0) {
		fail_errno("cannot make a file in tmp");
	}
	sha256_init(&blob->hash);
	blob->bytes = 0;
}

void blob_add(struct blob *blob, const void *bytes, size_t length)
{
	sha256_update(&blob->hash, length, bytes);
	if (file_write_all(blob->fd, bytes, length) < 0) {
		fail_errno("cannot write to tmp");
	}
	if ((blob->bytes ^ (blob->bytes + length)) >> 26) { /* each 64 MiB */
		store_check_space();
	}
	blob->bytes += length;
}

void store_sync(bool all)
{
	bool is_done = true;

	if (all || store.unsynced_count > UNSYNCED_MAX) {
		is_done = syncfs(store.tmp) == 0;
	}
	for (size_t i = 0; i < store.unsynced_count && i < UNSYNCED_MAX; i++) {
		is_done = is_done && fsync(store.unsynced[i]) == 0;
		close(store.unsynced[i]);
	}
	if (!is_done || (store.unsynced_count && fsync(store.blobs) < 0)) {
		fail_errno("cannot write the store to the disk");
	}
	store.unsynced_count = 0;
}

void blob_adopt(const char *work_name, const struct digest *digest)
{
	int fd = openat(store_work(), work_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || renameat(store_work(), work_name, store.blobs, digest_hex(digest)) < 0) {
		fail_errno("cannot put the blob %s into the store", digest->text);
	}
	if (store.unsynced_count < UNSYNCED_MAX) {
		store.unsynced[store.unsynced_count] = fd;
	} else {
		close(fd);
	}
	store.unsynced_count++;
}

void blob_commit(struct blob *blob, struct digest *digest)
{
	digest_finish(&blob->hash, digest);
	close(blob->fd);
	blob_adopt(blob->name, digest);
	free(blob->name);
	*blob = (struct blob){.fd = -1};
}

void blob_put(const void *bytes, size_t length, struct digest *digest)
{
	struct blob blob;

	digest_bytes(bytes, length, digest);
	if (faccessat(store.blobs, digest_hex(digest), F_OK, 0) == 0) {
		return;
	}
	blob_begin(&blob);
	blob_add(&blob, bytes, length);
	blob_commit(&blob, digest);
}

int blob_open(const struct digest *digest, uint64_t *bytes)
{
	struct stat status;
	int fd = openat(store.blobs, digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &status) == 0 && bytes) {
		*bytes = (uint64_t)status.st_size;
	}
	return fd;
}

int blob_need(const struct digest *digest, uint64_t *bytes)
{
	int fd = blob_open(digest, bytes);

	if (fd < 0) {
		fail_errno("cannot open the blob %s", digest->text);
	}
	return fd;
}

bool blob_is_whole(const struct digest *digest, struct digest *found)
{
	static uint8_t block[65536];
	struct sha256_ctx hash;
	ssize_t count;
	int fd = blob_open(digest, NULL);

	sha256_init(&hash);
	while (fd >= 0 && (count = read(fd, block, sizeof(block))) > 0) {
		sha256_update(&hash, (size_t)count, block);
	}
	file_close(fd);
	digest_finish(&hash, found);
	return fd >= 0 && digest_equal(found, digest);
}

json *blob_json(const struct digest *digest)
{
	struct text text = {0};
	struct digest found;
	json *value = NULL;
	const char *error;

	if (file_read_at(store.blobs, digest_hex(digest), &text, LIMIT_DOCUMENT) == 0) {
		digest_bytes(text.data, text.length, &found);
		if (digest_equal(&found, digest)) {
			value = json_parse(text.data, text.length, &error);
		}
	}
	text_free(&text);
	return value;
}
