/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "report.h"
#include "store_limits.h"

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* Reads the names of the directory, which the level takes. */
static void push(struct tree *tree, int fd)
{
	struct dirent *entry;
	size_t room = 0;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);

	if (!list) {
		fail_errno("cannot read the directory %s", tree->path.data);
	}
	if (tree->depth == tree->room) {
		tree->room = tree->room * 2 + 16;
		tree->levels = memory_resize(tree->levels, tree->room, sizeof(*tree->levels));
	}
	struct tree_level *level = &tree->levels[tree->depth++];
	*level = (struct tree_level){.fd = fd, .path_length = tree->path.length};
	while (errno = 0, (entry = readdir(list))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) {
			continue;
		}
		if (level->count == room) {
			room = room * 2 + 16;
			level->names = memory_resize(level->names, room, sizeof(*level->names));
		}
		level->names[level->count++] = text_copy(entry->d_name);
	}
	if (errno) {
		fail_errno("cannot read the directory %s", tree->path.data);
	}
	closedir(list);
	if (level->count) {
		qsort(level->names, level->count, sizeof(*level->names), compare);
	}
}

static void pop(struct tree *tree)
{
	struct tree_level *level = &tree->levels[--tree->depth];

	while (level->next < level->count) {
		free(level->names[level->next++]);
	}
	free(level->names);
	close(level->fd);
}

void tree_open(struct tree *tree, int root)
{
	*tree = (struct tree){0};
	text_add(&tree->path, "", 0);
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail_errno("cannot open the directory");
	}
	push(tree, fd);
}

/* Goes into the directory that was handed out last. */
static void enter(struct tree *tree)
{
	if (!tree->name || !S_ISDIR(tree->status.st_mode)) {
		return;
	}
	int fd = openat(tree->parent, tree->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		push(tree, fd);
	} else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
		fail_errno("cannot open the directory %s", tree->path.data);
	}
}

bool tree_next(struct tree *tree)
{
	enter(tree);
	for (;;) {
		free(tree->name_owned);
		tree->name_owned = NULL;
		tree->name = NULL;
		while (tree->depth &&
		       tree->levels[tree->depth - 1].next == tree->levels[tree->depth - 1].count) {
			pop(tree);
		}
		if (!tree->depth) {
			return false;
		}
		struct tree_level *level = &tree->levels[tree->depth - 1];
		tree->name_owned = level->names[level->next++];
		tree->path.length = level->path_length;
		text_printf(&tree->path, "%s%s", level->path_length ? "/" : "", tree->name_owned);
		if (tree->path.length > LIMIT_PATH || tree->depth > LIMIT_DEPTH * 2) {
			fail(FAIL_CONFLICT, "a path is too long or too deep: %.60s...",
			     tree->path.data);
		}
		tree->parent = level->fd;
		tree->name = tree->name_owned;
		if (fstatat(level->fd, tree->name, &tree->status, AT_SYMLINK_NOFOLLOW) == 0) {
			return true;
		}
		if (errno != ENOENT) { /* else somebody removed it since */
			fail_errno("cannot look at %s", tree->path.data);
		}
	}
}

void tree_skip(struct tree *tree)
{
	tree->name = NULL;
}

void tree_close(struct tree *tree)
{
	while (tree->depth) {
		pop(tree);
	}
	free(tree->name_owned);
	free(tree->levels);
	text_free(&tree->path);
}
