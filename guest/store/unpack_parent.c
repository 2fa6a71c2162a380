/* SPDX-License-Identifier: Apache-2.0 */
/* Where an entry goes: the directory above it, and what stands in its place. */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "file.h"
#include "in_root.h"
#include "store_limits.h"
#include "report.h"
#include "text.h"

void unpack_forget_parent(struct unpack *unpack)
{
	file_close(unpack->parent_fd);
	free(unpack->parent_path);
	unpack->parent_fd = -1;
	unpack->parent_path = NULL;
}

static bool is_whiteout(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

/* A layer below has the directory: its owner, mode and time are kept. */
static void inherit(const struct unpack *unpack, const char *path, int fd)
{
	struct stat status;

	for (size_t i = 0; i < unpack->lower_count; i++) {
		int lower = in_root_open(unpack->lowers[i], path, O_PATH | O_NOFOLLOW, 0);
		if (lower < 0) {
			continue;
		}
		bool is_dir = fstat(lower, &status) == 0 && S_ISDIR(status.st_mode);
		close(lower);
		if (is_dir) {
			struct timespec times[2] = {status.st_mtim, status.st_mtim};
			(void)!fchown(fd, status.st_uid, status.st_gid);
			(void)fchmod(fd, status.st_mode & 07777);
			(void)futimens(fd, times);
		}
		return;
	}
}

/* mkdir of a directory that the archive does not name, or names later. */
static void make_implicit(struct unpack *unpack, const char *path)
{
	const char *name;
	bool was_whiteout = false;
	int parent = in_root_parent(unpack->root, path, 0, &name);

	if (parent < 0) {
		fail_errno("cannot open the directory above %s", path);
	}
	struct stat status;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && is_whiteout(&status) &&
	    unpack->mode == TAR_LAYER) {
		was_whiteout = unlinkat(parent, name, 0) == 0;
	}
	if (mkdirat(parent, name, 0755) < 0) {
		if (errno == EEXIST || errno == ENOTDIR) {
			fail(FAIL_BAD_INPUT, "%s: what is in its place is not a directory", path);
		}
		fail_errno("cannot make the directory %s", path);
	}
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(parent);
	if (fd < 0) {
		fail_errno("cannot open %s", path);
	}
	(void)fchmod(fd, 0755);
	if (unpack->is_owner_set) {
		(void)!fchown(fd, unpack->uid, unpack->gid);
	}
	if (was_whiteout) {
		if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0) {
			fail_errno("cannot make %s opaque", path);
		}
	} else {
		inherit(unpack, path, fd);
	}
	close(fd);
}

/* Symbolic links can make a path deeper than its name. */
static void check_depth(int fd, const char *path)
{
	char link[64];
	char real[PATH_MAX];
	size_t depth = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, real, sizeof(real));
	for (ssize_t i = 0; i < length; i++) {
		depth += real[i] == '/';
	}
	if ((length < 0 && errno == ENAMETOOLONG) || length == (ssize_t)sizeof(real) ||
	    depth > 2u * LIMIT_DEPTH) {
		fail(FAIL_BAD_INPUT, "%s: its directory is too deep", path);
	}
}

static int open_parent(struct unpack *unpack, char *path)
{
	for (char *end = path; *path;) {
		end += strcspn(end, "/");
		char kept = *end;
		*end = '\0';
		int fd = in_root_open(unpack->root, path, O_PATH | O_DIRECTORY, 0);
		if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
			make_implicit(unpack, path);
		} else if (fd < 0) {
			return -1;
		} else {
			close(fd);
		}
		*end = kept;
		if (!kept) {
			break;
		}
		end++;
	}
	return in_root_open(unpack->root, path, O_PATH | O_DIRECTORY, 0);
}

int unpack_parent(struct unpack *unpack, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	*name = slash ? slash + 1 : path;
	if (unpack->parent_fd >= 0 && strlen(unpack->parent_path) == length &&
	    memcmp(unpack->parent_path, path, length) == 0) {
		return unpack->parent_fd;
	}
	unpack_forget_parent(unpack);
	char *parent = text_format("%.*s", (int)length, path);
	int fd = in_root_open(unpack->root, parent, O_PATH | O_DIRECTORY, 0);
	if (fd < 0) {
		fd = open_parent(unpack, parent);
	}
	if (fd < 0) {
		fail(FAIL_BAD_INPUT, "%s: the directory above it cannot be opened: %s", path,
		     strerror(errno));
	}
	unpack->parent_path = parent;
	unpack->parent_fd = fd;
	check_depth(fd, path);
	return fd;
}

int unpack_make_way(struct unpack *unpack, int parent, const char *name, bool is_dir,
		    bool *was_whiteout)
{
	struct stat status;

	*was_whiteout = false;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT) {
			return 0;
		}
		fail_errno("cannot look at %s", name);
	}
	if (is_dir && S_ISDIR(status.st_mode)) {
		return 1;
	}
	if (unpack->no_overwrite_dir_non_dir && is_dir != S_ISDIR(status.st_mode)) {
		fail(FAIL_CONFLICT,
		     is_dir ? "cannot overwrite non-directory \"%s\" with directory"
			    : "cannot overwrite directory \"%s\" with non-directory",
		     name);
	}
	*was_whiteout = unpack->mode == TAR_LAYER && is_whiteout(&status);
	if (file_remove_tree_at(parent, name) < 0) {
		fail_errno("cannot remove what stands in the place of %s", name);
	}
	/* What went may be a part of the path that is kept open, but not when it was no directory.
	 */
	return 0;
}
