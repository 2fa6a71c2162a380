/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int file_read_fd(int fd, struct text *text, size_t limit)
{
	char block[16384];
	size_t total = 0;

	for (;;) {
		ssize_t count = read(fd, block, sizeof(block));
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count <= 0) {
			text_add(text, "", 0); /* an empty file is a string too */
			return count < 0 ? -1 : 0;
		}
		total += (size_t)count;
		if (total > limit) {
			errno = EFBIG;
			return -1;
		}
		text_add(text, block, (size_t)count);
	}
}

int file_read_at(int dir, const char *path, struct text *text, size_t limit)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -1;
	}
	int result = file_read_fd(fd, text, limit);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

int file_write_all(int fd, const void *bytes, size_t length)
{
	const char *next = bytes;

	while (length) {
		ssize_t count = write(fd, next, length);
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count < 0) {
			return -1;
		}
		next += count;
		length -= (size_t)count;
	}
	return 0;
}

int file_put_at(int dir, const char *path, const char *value)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		return -1;
	}
	size_t length = strlen(value);
	ssize_t count = write(fd, value, length);
	int error = count < 0 ? errno : EIO;
	close(fd);
	errno = error;
	return count == (ssize_t)length ? 0 : -1;
}

static int sync_parent(int dir, const char *path)
{
	char *parent = text_copy(path);
	char *slash = strrchr(parent, '/');
	const char *name = !slash ? "." : slash == parent ? "/" : parent;

	if (slash) {
		*slash = '\0';
	}
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(parent);
	if (fd < 0) {
		return -1;
	}
	int result = fsync(fd);
	close(fd);
	return result;
}

int file_replace_at(int dir, const char *path, const void *bytes, size_t length, mode_t mode,
		    int durable)
{
	char *fresh = text_format("%s.new", path);
	int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	int result = fd < 0 ? -1 : file_write_all(fd, bytes, length);

	if (result == 0 && durable) {
		result = fsync(fd);
	}
	if (fd >= 0 && close(fd) < 0) {
		result = -1;
	}
	if (result == 0) {
		result = renameat(dir, fresh, dir, path);
	}
	if (result == 0 && durable) {
		result = sync_parent(dir, path);
	}
	free(fresh);
	return result;
}

int file_make_dirs(const char *path, mode_t mode)
{
	char *copy = text_copy(path);
	int result = 0;

	for (char *next = copy + 1; *copy && result == 0; next++) {
		char kept = *next;
		if (kept != '/' && kept != '\0') {
			continue;
		}
		*next = '\0';
		result = mkdir(copy, mode) < 0 && errno != EEXIST ? -1 : 0;
		*next = kept;
		if (kept == '\0') {
			break;
		}
	}
	free(copy);
	return result;
}

/* Deeper folders are moved up to the top first: a stranger's tree takes neither stack nor
 * descriptors without end. */
#define REMOVE_DEPTH 32

struct removal {
	int top;
	unsigned depth;
	unsigned moved;
};

static int remove_below(struct removal *removal, int dir, const char *name);

/* Empties the open directory; closes it. */
static int empty_dir(struct removal *removal, int fd)
{
	DIR *list = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!list) {
		close(fd);
		return -1;
	}
	while (result == 0 && (entry = readdir(list))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
			result = remove_below(removal, dirfd(list), entry->d_name);
		}
	}
	int error = errno;
	closedir(list);
	errno = error;
	return result;
}

static int move_to_top(struct removal *removal, int dir, const char *name)
{
	char fresh[32];
	int result;

	do {
		snprintf(fresh, sizeof(fresh), ".deep-%u", removal->moved++);
		result = renameat2(dir, name, removal->top, fresh, RENAME_NOREPLACE);
	} while (result < 0 && errno == EEXIST);
	return result;
}

/* `name` is of one part. */
static int open_below(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));

	if (fd < 0 && errno == EXDEV) {
		errno = EBUSY;
	}
	return fd;
}

static int remove_below(struct removal *removal, int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) {
		return 0;
	}
	if (errno != EISDIR && errno != EPERM) {
		return -1;
	}
	if (removal->depth == REMOVE_DEPTH) {
		return move_to_top(removal, dir, name);
	}
	int fd = open_below(dir, name);
	if (fd < 0) {
		return -1;
	}
	removal->depth++;
	int result = empty_dir(removal, fd);
	removal->depth--;
	if (result < 0) {
		return -1;
	}
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}

int file_remove_tree_at(int dir, const char *path)
{
	struct removal removal = {.depth = 0};
	unsigned before;
	int result;

	if (unlinkat(dir, path, 0) == 0 || errno == ENOENT) {
		return 0;
	}
	if (errno != EISDIR && errno != EPERM) {
		return -1;
	}
	removal.top = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (removal.top < 0) {
		return -1;
	}
	do {
		int fd = openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		before = removal.moved;
		result = fd < 0 ? -1 : empty_dir(&removal, fd);
	} while (result == 0 && removal.moved != before);
	int error = errno;
	close(removal.top);
	errno = error;
	if (result < 0) {
		return -1;
	}
	return unlinkat(dir, path, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}
