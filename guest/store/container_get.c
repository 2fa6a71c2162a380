/* SPDX-License-Identifier: Apache-2.0 */
/* `archive-get` and `archive-stat`: what `docker cp` takes out of a container. */
#include "container_path.h"
#include "file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "commands.h"
#include "image.h"
#include "in_root.h"
#include "pack.h"
#include "report.h"
#include "request.h"
#include "text.h"
#include "timestamp.h"

static char *read_link(int fd)
{
	char link[64];
	char path[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length < 0) {
		return NULL;
	}
	path[length] = '\0';
	return text_copy(path);
}

char *container_path_of(int root, int fd)
{
	char *base = read_link(root);
	char *path = read_link(fd);
	char *inside = NULL;

	if (base && path) {
		size_t length = strcmp(base, "/") == 0 ? 0 : strlen(base);
		if (strncmp(base, path, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0')) {
			inside = text_copy(path[length] ? path + length : "/");
		}
	}
	free(base);
	free(path);
	return inside;
}

/* The directory that holds the path's last part, opened below the root, and that part without
 * slashes, which the caller frees; "." for the root, or where the path ends in a slash or a dot.
 * Ends with not-found. */
static int container_parent(int root, const char *path, char **name)
{
	size_t length = strlen(path);
	const char *last = strrchr(path, '/');
	last = last ? last + 1 : path;
	int fd;

	if (!*last || !strcmp(last, ".") || !strcmp(last, "..") || !length) {
		*name = text_copy(".");
		fd = in_root_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	} else {
		char *parent = text_format("%.*s", (int)(last - path), path);
		*name = text_copy(last);
		fd = in_root_open(root, parent, O_RDONLY | O_DIRECTORY, 0);
		free(parent);
	}
	if (fd < 0) {
		fail_errno("no such path in the container: %s", path);
	}
	return fd;
}

/* The name in the archive: the path's last part; of a path with a dot at its end, the dot. */
static char *archive_name(const char *path)
{
	size_t length = strlen(path);

	while (length && path[length - 1] == '/') {
		length--;
	}
	size_t start = length;
	while (start && path[start - 1] != '/') {
		start--;
	}
	return length == start ? text_copy(".")
			       : text_format("%.*s", (int)(length - start), path + start);
}

void command_archive_get(const char *argument)
{
	int output = STDOUT_FILENO;
	const char *path = request_string("path");
	struct stat status;
	char *name;

	(void)argument;
	report_doing("cannot copy from the container");
	int root = request_dir("rootfs", O_RDONLY);
	int parent = container_parent(root, path, &name);
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		fail_errno("no such path in the container: %s", path);
	}
	struct pack pack = {.mode = TAR_PLAIN, .write = pack_write_fd, .opaque = &output};
	char *as = archive_name(path);
	pack_begin(&pack);
	pack_one(&pack, parent, name, as);
	if (S_ISDIR(status.st_mode)) {
		int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) {
			fail_errno("cannot open %s", path);
		}
		char *prefix = text_format("%s/", as);
		pack_tree(&pack, fd, prefix);
		free(prefix);
		close(fd);
	}
	pack_end(&pack);
	close(parent);
	free(as);
	free(name);
	report_result(json_object_new_object());
}

/* Go's os.FileMode, which the API's header carries (io/fs, "FileMode"). */
static int64_t go_mode(mode_t mode)
{
	int64_t result = mode & 0777;

	result |= S_ISDIR(mode) ? INT64_C(1) << 31 : 0;
	result |= S_ISLNK(mode) ? INT64_C(1) << 27 : 0;
	result |= S_ISBLK(mode) || S_ISCHR(mode) ? INT64_C(1) << 26 : 0;
	result |= S_ISFIFO(mode) ? INT64_C(1) << 25 : 0;
	result |= S_ISSOCK(mode) ? INT64_C(1) << 24 : 0;
	result |= mode & S_ISUID ? INT64_C(1) << 23 : 0;
	result |= mode & S_ISGID ? INT64_C(1) << 22 : 0;
	result |= S_ISCHR(mode) ? INT64_C(1) << 21 : 0;
	result |= mode & S_ISVTX ? INT64_C(1) << 20 : 0;
	return result;
}

/* Where a symbolic link leads inside the container; its own text when that is nowhere. */
static char *link_target(int root, int parent, const char *name, const char *path)
{
	char target[PATH_MAX];
	int fd = in_root_open(root, path, O_PATH, 0);
	char *inside = fd < 0 ? NULL : container_path_of(root, fd);

	file_close(fd);
	if (!inside) {
		ssize_t length = readlinkat(parent, name, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = '\0';
		inside = text_copy(target);
	}
	return inside;
}

void command_archive_stat(const char *argument)
{
	const char *path = request_string("path");
	json *result = json_object_new_object();
	struct stat status;
	char *name;

	(void)argument;
	report_doing("cannot look into the container");
	int root = request_dir("rootfs", O_RDONLY);
	int parent = container_parent(root, path, &name);
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		fail_errno("no such path in the container: %s", path);
	}
	char *as = archive_name(path);
	char time[TIMESTAMP_SIZE];
	timestamp_format(&status.st_mtim, time);
	char *target =
		S_ISLNK(status.st_mode) ? link_target(root, parent, name, path) : text_copy("");
	json_set_string(result, "name", strcmp(as, ".") == 0 && strlen(path) < 2 ? "/" : as);
	json_set_int(result, "size", status.st_size);
	json_set_int(result, "mode", go_mode(status.st_mode));
	json_set_string(result, "mtime", time);
	json_set_string(result, "linkTarget", target);
	free(target);
	free(as);
	free(name);
	close(parent);
	close(root);
	report_result(result);
}
