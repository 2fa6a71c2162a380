/* SPDX-License-Identifier: Apache-2.0 */
#include "in_root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "text.h"

int in_root_open(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned long long)(unsigned int)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	/* EAGAIN: a rename or mount elsewhere raced with a `..`; openat2(2) says to try again. */
	do {
		fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return (int)fd;
}

int in_root_open_file(int root, const char *path)
{
	int place = in_root_open(root, path, O_PATH, 0);
	struct stat stat;
	char link[32];

	if (place < 0) {
		return -1;
	}
	int fd = -1;
	if (fstat(place, &stat) == 0) {
		if (S_ISREG(stat.st_mode)) {
			snprintf(link, sizeof(link), "/proc/self/fd/%d", place);
			fd = open(link, O_RDONLY | O_CLOEXEC);
		} else {
			errno = EINVAL;
		}
	}
	int error = errno;
	close(place);
	errno = error;
	return fd;
}

/* The directory `part` below `parent`, which is below `root`. */
static int make_one(int root, const char *sofar, mode_t mode)
{
	int fd = in_root_open(root, sofar, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0 || errno != ENOENT) {
		return fd;
	}
	const char *name;
	int parent = in_root_parent(root, sofar, 0, &name);
	if (parent < 0) {
		return -1;
	}
	char *bare = text_copy(name);
	bare[strcspn(bare, "/")] = '\0';
	int made = mkdirat(parent, bare, mode);
	int error = errno;
	free(bare);
	close(parent);
	if (made < 0 && error != EEXIST) {
		errno = error;
		return -1;
	}
	return in_root_open(root, sofar, O_PATH | O_DIRECTORY, 0);
}

int in_root_make_dirs(int root, const char *path, mode_t mode)
{
	char *copy = text_copy(path);
	int fd = in_root_open(root, ".", O_PATH | O_DIRECTORY, 0);

	for (char *next = copy; fd >= 0 && *next;) {
		next += strspn(next, "/");
		next += strcspn(next, "/");
		char kept = *next;
		*next = '\0';
		close(fd);
		fd = make_one(root, copy, mode);
		*next = kept;
	}
	free(copy);
	return fd;
}

int in_root_parent(int root, const char *path, mode_t mode, const char **name)
{
	size_t end = strlen(path);

	while (end && path[end - 1] == '/') {
		end--;
	}
	size_t start = end;
	while (start && path[start - 1] != '/') {
		start--;
	}
	size_t length = end - start;
	if (!length || !strncmp(path + start, ".", length) ||
	    (length == 2 && !strncmp(path + start, "..", 2))) {
		errno = EINVAL;
		return -1;
	}
	char *parent = text_copy(path);
	parent[start] = '\0';
	int fd = mode ? in_root_make_dirs(root, parent, mode)
		      : in_root_open(root, parent, O_PATH | O_DIRECTORY, 0);
	free(parent);
	*name = path + start;
	return fd;
}
