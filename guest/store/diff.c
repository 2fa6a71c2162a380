/* SPDX-License-Identifier: Apache-2.0 */
/* `diff`: what an upper directory changes in the layers below it, as `docker diff` names it. */
#include "commands.h"
#include "file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "pack.h"
#include "report.h"
#include "request.h"
#include "text.h"
#include "tree.h"

enum change_kind { CHANGE_MODIFIED = 0, CHANGE_ADDED = 1, CHANGE_DELETED = 2 };

struct lowers {
	int *fds; /* topmost first */
	size_t count;
};

enum lookup { LOOKUP_NEXT, LOOKUP_FOUND, LOOKUP_HIDDEN };

static bool is_opaque(int fd)
{
	char link[64];
	char value = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return getxattr(link, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* One layer: *hides_rest when an opaque directory on the way ends the search below it. */
static enum lookup look_in(int layer, const char *path, struct stat *status, bool *hides_rest)
{
	int fd = fcntl(layer, F_DUPFD_CLOEXEC, 0);
	enum lookup result = LOOKUP_FOUND;

	while (fd >= 0 && *path && result == LOOKUP_FOUND) {
		char name[256];
		size_t length = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		path += length;
		path += strspn(path, "/");
		int next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
		if (fd < 0 || fstat(fd, status) < 0) {
			result = LOOKUP_NEXT;
		} else if ((S_ISCHR(status->st_mode) && status->st_rdev == 0) ||
			   (*path && !S_ISDIR(status->st_mode))) {
			result = LOOKUP_HIDDEN;
		} else if (S_ISDIR(status->st_mode) && is_opaque(fd)) {
			*hides_rest = true;
		}
	}
	file_close(fd);
	return result;
}

static bool look_below(const struct lowers *lowers, const char *path, struct stat *status)
{
	bool hides_rest = false;

	for (size_t i = 0; i < lowers->count && !hides_rest; i++) {
		enum lookup result = look_in(lowers->fds[i], path, status, &hides_rest);
		if (result != LOOKUP_NEXT) {
			return result == LOOKUP_FOUND;
		}
	}
	return false;
}

static void add_change(json *changes, const char *path, enum change_kind kind)
{
	json *change = json_object_new_object();

	json_set_owned(change, "Path", text_format("/%s", path));
	json_set_int(change, "Kind", kind);
	json_object_array_add(changes, change);
}

/* A directory that is only there because something in it changed is a change too, as in Docker;
 * one that was copied up and changed back is not. */
static bool is_same_dir(const struct stat *one, const struct stat *other)
{
	return S_ISDIR(one->st_mode) && S_ISDIR(other->st_mode) && one->st_mode == other->st_mode &&
	       one->st_uid == other->st_uid && one->st_gid == other->st_gid &&
	       one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

/* The directories above a change, those not listed yet. `listed` is the last one's path. */
static void add_parents(json *changes, struct text *listed, const char *path)
{
	size_t same = 0;

	while (same < listed->length && listed->data[same] == path[same]) {
		same++;
	}
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		size_t length = (size_t)(slash - path);
		if (length > same ||
		    (length == same && listed->length > same && listed->data[same] != '/')) {
			char *parent = text_format("%.*s", (int)length, path);
			add_change(changes, parent, CHANGE_MODIFIED);
			free(parent);
		}
	}
}

static void add_entry(json *changes, const struct tree *tree, const struct lowers *lowers,
		      struct text *listed)
{
	const char *path = tree->path.data;
	struct stat below;
	bool is_below = look_below(lowers, path, &below);
	bool is_whiteout = S_ISCHR(tree->status.st_mode) && tree->status.st_rdev == 0;

	if (is_whiteout ? !is_below : is_below && is_same_dir(&tree->status, &below)) {
		return;
	}
	add_parents(changes, listed, path);
	add_change(changes, path,
		   is_whiteout ? CHANGE_DELETED
		   : is_below  ? CHANGE_MODIFIED
			       : CHANGE_ADDED);
	listed->length = 0;
	text_puts(listed, path);
}

static int compare(const void *one, const void *other)
{
	json *const *left = one;
	json *const *right = other;

	return strcmp(json_get_string(*left, "Path", ""), json_get_string(*right, "Path", ""));
}

static void open_lowers(struct lowers *lowers)
{
	json *paths = json_get_array(report_request(), "lowers");

	lowers->fds = memory_zeroed(json_count(paths), sizeof(int));
	for (; lowers->count < json_count(paths); lowers->count++) {
		const char *path = json_string_at(paths, lowers->count);
		int fd = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		if (fd < 0) {
			fail_errno("cannot open the layer %s", path ? path : "(no string)");
		}
		lowers->fds[lowers->count] = fd;
	}
}

void command_diff(const char *argument)
{
	json *changes = json_object_new_array();
	json *skip = json_get_array(report_request(), "skip");
	struct lowers lowers = {0};
	struct text listed = {0};
	struct tree tree;

	(void)argument;
	report_doing("cannot compare");
	open_lowers(&lowers);
	int upper = request_dir("upper", O_RDONLY);
	tree_open(&tree, upper);
	while (tree_next(&tree)) {
		if (pack_is_skipped(skip, tree.path.data)) {
			tree_skip(&tree);
			continue;
		}
		add_entry(changes, &tree, &lowers, &listed);
	}
	tree_close(&tree);
	json_object_array_sort(changes, compare);
	json *result = json_object_new_object();
	json_set(result, "changes", changes);
	report_result(result);
	text_free(&listed);
}
