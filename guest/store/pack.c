/* SPDX-License-Identifier: Apache-2.0 */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "file.h"
#include "pack_xattr.h"
#include "report.h"
#include "text.h"
#include "tree.h"

#define OUTPUT_BLOCK 65536
#define READ_BLOCK   65536

void pack_write_fd(void *opaque, const void *bytes, size_t length)
{
	if (file_write_all(*(int *)opaque, bytes, length) < 0) {
		fail_errno("cannot write the archive");
	}
}

static ssize_t write_out(struct archive *archive, void *opaque, const void *bytes, size_t length)
{
	struct pack *pack = opaque;

	(void)archive;
	pack->write(pack->opaque, bytes, length);
	return (ssize_t)length;
}

static void check(struct pack *pack, la_ssize_t result, const char *path)
{
	if (result < ARCHIVE_WARN) {
		fail(FAIL_IO, "cannot pack %s: %s", path, archive_error_string(pack->out));
	}
}

void pack_begin(struct pack *pack)
{
	struct archive *out = archive_write_new();

	pack->out = out;
	archive_write_set_format_pax_restricted(out);
	archive_write_set_format_option(out, "pax", "xattrheader", "SCHILY");
	archive_write_set_bytes_per_block(out, OUTPUT_BLOCK);
	archive_write_set_bytes_in_last_block(out, 1);
	check(pack, archive_write_open(out, pack, NULL, write_out, NULL), "the archive");
}

void pack_end(struct pack *pack)
{
	check(pack, archive_write_close(pack->out), "the archive");
	archive_write_free(pack->out);
	links_free(&pack->links);
}

/* Exactly `size` bytes: a file that shrinks meanwhile ends in zeros. */
static void copy_data(struct pack *pack, int fd, uint64_t size, const char *path)
{
	static char block[READ_BLOCK];

	while (size) {
		size_t wanted = size < sizeof(block) ? (size_t)size : sizeof(block);
		ssize_t count = read(fd, block, wanted);
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count < 0) {
			fail_errno("cannot read %s", path);
		}
		if (count == 0) {
			memset(block, 0, wanted);
			count = (ssize_t)wanted;
		}
		check(pack, archive_write_data(pack->out, block, (size_t)count), path);
		size -= (uint64_t)count;
	}
}

static struct archive_entry *new_entry(const struct pack *pack, const char *path,
				       const struct stat *status)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, status->st_mode);
	archive_entry_set_uid(entry, pack->is_owner_set ? pack->uid : status->st_uid);
	archive_entry_set_gid(entry, pack->is_owner_set ? pack->gid : status->st_gid);
	archive_entry_set_mtime(entry, pack->has_no_times ? 0 : status->st_mtim.tv_sec, 0);
	return entry;
}

static void write_header(struct pack *pack, struct archive_entry *entry, const char *path)
{
	check(pack, archive_write_header(pack->out, entry), path);
}

static void pack_open_file(struct pack *pack, struct archive_entry *entry, int fd, uint64_t size,
			   const char *path)
{
	pack_xattrs(entry, fd, pack->mode, path);
	archive_entry_set_size(entry, (la_int64_t)size);
	write_header(pack, entry, path);
	copy_data(pack, fd, size, path);
}

static void pack_regular(struct pack *pack, struct archive_entry *entry, int parent,
			 const char *name, const char *path)
{
	struct stat status;
	int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		if (fd >= 0) {
			close(fd);
		} else if (errno != ENOENT && errno != ELOOP) {
			fail_errno("cannot open %s", path);
		}
		return; /* replaced since it was looked at */
	}
	pack_open_file(pack, entry, fd, (uint64_t)status.st_size, path);
	close(fd);
}

static void pack_directory(struct pack *pack, struct archive_entry *entry, int parent,
			   const char *name, const char *path)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char *with_slash = text_format("%s/", path);

	if (fd >= 0) {
		bool is_opaque = pack_xattrs(entry, fd, pack->mode, path);
		archive_entry_set_pathname(entry, with_slash);
		write_header(pack, entry, path);
		close(fd);
		if (is_opaque) {
			char *opaque = text_format("%s/.wh..wh..opq", path);
			pack_bytes(pack, opaque, "", 0);
			free(opaque);
		}
	}
	free(with_slash);
}

static void pack_symlink(struct pack *pack, struct archive_entry *entry, int parent,
			 const char *name, const char *path)
{
	char target[4097];
	ssize_t length = readlinkat(parent, name, target, sizeof(target) - 1);

	if (length >= 0) {
		target[length] = '\0';
		archive_entry_set_symlink(entry, target);
		write_header(pack, entry, path);
	}
}

/* A name that a layer cannot carry, and overlayfs' whiteout. True when it is dealt with. */
static bool pack_special(struct pack *pack, const struct stat *status, const char *name,
			 const char *path)
{
	if (pack->mode != TAR_LAYER) {
		return false;
	}
	if (strncmp(name, ".wh.", 4) == 0) {
		fail(FAIL_CONFLICT,
		     "%s: a name that starts with .wh. has a meaning of its own in a layer; rename "
		     "the file",
		     path);
	}
	if (!S_ISCHR(status->st_mode) || status->st_rdev != 0) {
		return false;
	}
	char *whiteout = text_format("%.*s.wh.%s", (int)(strlen(path) - strlen(name)), path, name);
	pack_bytes(pack, whiteout, "", 0);
	free(whiteout);
	return true;
}

void pack_one(struct pack *pack, int parent, const char *name, const char *path)
{
	struct stat status;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || S_ISSOCK(status.st_mode) ||
	    pack_special(pack, &status, name, path)) {
		return;
	}
	struct archive_entry *entry = new_entry(pack, path, &status);
	const char *first = NULL;
	if (!S_ISDIR(status.st_mode) && status.st_nlink > 1) {
		first = links_seen(&pack->links, status.st_dev, status.st_ino, path);
	}
	if (first) {
		archive_entry_set_hardlink(entry, first);
		write_header(pack, entry, path);
	} else if (S_ISREG(status.st_mode)) {
		pack_regular(pack, entry, parent, name, path);
	} else if (S_ISDIR(status.st_mode)) {
		pack_directory(pack, entry, parent, name, path);
	} else if (S_ISLNK(status.st_mode)) {
		pack_symlink(pack, entry, parent, name, path);
	} else {
		archive_entry_set_rdev(entry, status.st_rdev);
		write_header(pack, entry, path);
	}
	archive_entry_free(entry);
}

bool pack_is_skipped(json *skip, const char *path)
{
	for (size_t i = 0; i < json_count(skip); i++) {
		const char *one = json_string_at(skip, i);
		if (one && strcmp(one + (*one == '/'), path) == 0) {
			return true;
		}
	}
	return false;
}

static enum pack_choice choice_of(const struct pack *pack, const char *path)
{
	if (pack_is_skipped(pack->skip, path)) {
		return PACK_LEAVE;
	}
	return pack->choose ? pack->choose(pack->choose_opaque, path) : PACK_TAKE;
}

void pack_tree(struct pack *pack, int root, const char *prefix)
{
	struct tree tree;

	tree_open(&tree, root);
	while (tree_next(&tree)) {
		enum pack_choice choice = choice_of(pack, tree.path.data);
		if (choice == PACK_LEAVE) {
			tree_skip(&tree);
		} else if (choice == PACK_TAKE) {
			char *path = text_format("%s%s", prefix, tree.path.data);
			pack_one(pack, tree.parent, tree.name, path);
			free(path);
		}
	}
	tree_close(&tree);
}

void pack_whole(struct pack *pack, int root)
{
	pack_begin(pack);
	pack_tree(pack, root, "");
	pack_end(pack);
}

void pack_file(struct pack *pack, int fd, const char *path)
{
	struct stat status;

	if (fstat(fd, &status) < 0) {
		fail_errno("cannot look at %s", path);
	}
	struct archive_entry *entry = new_entry(pack, path, &status);
	pack_open_file(pack, entry, fd, (uint64_t)status.st_size, path);
	archive_entry_free(entry);
}

void pack_start(struct pack *pack, const char *path, uint64_t size)
{
	struct stat status = {.st_mode = S_IFREG | 0644};
	struct archive_entry *entry = new_entry(pack, path, &status);

	archive_entry_set_size(entry, (la_int64_t)size);
	write_header(pack, entry, path);
	archive_entry_free(entry);
}

void pack_more(struct pack *pack, const void *bytes, size_t length)
{
	check(pack, archive_write_data(pack->out, bytes, length), "the archive");
}

void pack_bytes(struct pack *pack, const char *path, const void *bytes, size_t length)
{
	pack_start(pack, path, length);
	pack_more(pack, bytes, length);
}

void pack_fd(struct pack *pack, const char *path, int fd, uint64_t size)
{
	pack_start(pack, path, size);
	copy_data(pack, fd, size, path);
}
