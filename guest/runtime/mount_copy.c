/* SPDX-License-Identifier: Apache-2.0 */
/* tmpcopyup: a tmpfs that begins with what it hides. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mount_kinds.h"
#include "file.h"

#define DEPTH_LIMIT 64
#define FILE_LIMIT  100000u

struct copy {
	unsigned files;
	unsigned depth;
};

static int copy_dir(struct copy *copy, int from, int to);

static int copy_bytes(int from, int to, off_t size)
{
	off_t done = 0;

	while (done < size) {
		ssize_t n = sendfile(to, from, &done, (size_t)(size - done));
		if (n <= 0) {
			return n < 0 ? -1 : 0;
		}
	}
	return 0;
}

/* Owner and mode of what was copied (result 0); closes both. */
static int finish_copy(int result, int in, int out, const struct stat *status)
{
	if (result == 0 && (fchown(out, status->st_uid, status->st_gid) < 0 ||
			    fchmod(out, status->st_mode & 07777) < 0)) {
		result = -1;
	}
	file_close(in);
	file_close(out);
	return result;
}

static int copy_file(int from, int to, const char *name, const struct stat *status)
{
	int in = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int out = openat(to, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	int result = in < 0 || out < 0 ? -1 : copy_bytes(in, out, status->st_size);

	return finish_copy(result, in, out, status);
}

static int copy_link(int from, int to, const char *name, const struct stat *status)
{
	char target[4097];
	ssize_t length = readlinkat(from, name, target, sizeof(target) - 1);

	if (length < 0) {
		return -1;
	}
	target[length] = '\0';
	return symlinkat(target, to, name) < 0
		       ? -1
		       : fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW);
}

static int copy_subdir(struct copy *copy, int from, int to, const char *name,
		       const struct stat *status)
{
	if (++copy->depth > DEPTH_LIMIT) {
		errno = ELOOP;
		return -1;
	}
	int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int out = mkdirat(to, name, 0700) < 0
			  ? -1
			  : openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int result = in < 0 || out < 0 ? -1 : copy_dir(copy, in, out);
	result = finish_copy(result, in, out, status);
	copy->depth--;
	return result;
}

static int copy_entry(struct copy *copy, int from, int to, const char *name)
{
	struct stat status;

	if (++copy->files > FILE_LIMIT) {
		errno = EFBIG;
		return -1;
	}
	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return -1;
	}
	if (S_ISDIR(status.st_mode)) {
		return copy_subdir(copy, from, to, name, &status);
	}
	if (S_ISREG(status.st_mode)) {
		return copy_file(from, to, name, &status);
	}
	/* Devices, sockets and pipes are left behind. */
	return S_ISLNK(status.st_mode) ? copy_link(from, to, name, &status) : 0;
}

/* Bounded by DEPTH_LIMIT; both descriptors stay the caller's. */
static int copy_dir(struct copy *copy, int from, int to)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int result = dir ? 0 : -1;

	for (struct dirent *entry; result == 0 && (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
			result = copy_entry(copy, from, to, entry->d_name);
		}
	}
	int error = errno;
	if (dir) {
		closedir(dir);
	}
	errno = error;
	return result;
}

int mount_copy_up(int from, int to, struct error *e)
{
	struct copy copy = {0};

	return copy_dir(&copy, from, to) < 0
		       ? error_set(e, errno, "tmpcopyup: cannot copy what the tmpfs hides")
		       : 0;
}
