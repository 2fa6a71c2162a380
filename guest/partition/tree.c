/* SPDX-License-Identifier: Apache-2.0 */
#include "tree_inside.h"

#include "in_root.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEPTH_MAX 128u

struct tree_link {
	dev_t device;
	ino_t file;
	uint32_t inode; /* 0: free */
};

struct walk {
	struct tree *tree;
	int base;
	size_t skip; /* of a name in the archive: then comes the path below the base */
	unsigned int depth;
};

bool tree_fail(struct tree *tree, const char *what, int number)
{
	snprintf(tree->error, sizeof(tree->error), "%.140s: %s", what, strerror(number));
	return false;
}

void tree_begin(struct tree *tree, const char *prefix)
{
	*tree = (struct tree){.prefix = prefix};
}

static uint32_t link_slot(const struct tree *tree, dev_t device, ino_t file)
{
	size_t at =
		(size_t)((file * UINT64_C(0x9e3779b97f4a7c15) ^ device) & (tree->link_room - 1));

	while (tree->links[at].inode != 0 &&
	       (tree->links[at].device != device || tree->links[at].file != file)) {
		at = (at + 1) & (tree->link_room - 1);
	}
	return (uint32_t)at;
}

static void grow_links(struct tree *tree)
{
	struct tree old = *tree;

	tree->link_room = old.link_room > 0 ? old.link_room * 2 : 256;
	tree->links = memory_zeroed(tree->link_room, sizeof(*tree->links));
	for (size_t i = 0; i < old.link_room; i++) {
		if (old.links[i].inode != 0) {
			tree->links[link_slot(tree, old.links[i].device, old.links[i].file)] =
				old.links[i];
		}
	}
	free(old.links);
}

/* The inode in the archive; *is_again: an earlier name of it has the content. */
static uint32_t inode_of(struct tree *tree, const struct stat *is, bool *is_again)
{
	struct tree_link *link;

	*is_again = false;
	if (S_ISDIR(is->st_mode) || is->st_nlink < 2) {
		return ++tree->inodes;
	}
	if (tree->link_count * 2 >= tree->link_room) {
		grow_links(tree);
	}
	link = &tree->links[link_slot(tree, is->st_dev, is->st_ino)];
	*is_again = link->inode != 0;
	if (!*is_again) {
		*link = (struct tree_link){
			.device = is->st_dev, .file = is->st_ino, .inode = ++tree->inodes};
		tree->link_count++;
	}
	return link->inode;
}

static bool read_target(struct tree *tree, int parent, const char *name, struct tree_entry *entry)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(parent, name, target, sizeof(target));

	if (length <= 0 || length == (ssize_t)sizeof(target)) {
		return tree_fail(tree, entry->name, length < 0 ? errno : ENAMETOOLONG);
	}
	target[length] = '\0';
	entry->target = text_copy(target);
	entry->head.size = (uint32_t)length;
	return true;
}

/* Takes `name`. */
static bool add(struct walk *walk, int parent, const char *last, char *name, const struct stat *is)
{
	struct tree *tree = walk->tree;
	struct tree_entry *entry;
	bool is_again;

	if (tree->count == TREE_ENTRIES_MAX || is->st_size > UINT32_MAX ||
	    strlen(name) > CPIO_NAME_MAX) {
		(void)tree_fail(tree, name, tree->count == TREE_ENTRIES_MAX ? ENFILE : EFBIG);
		free(name);
		return false;
	}
	if (tree->count == tree->room) {
		tree->room = tree->room > 0 ? tree->room * 2 : 512;
		tree->entries = memory_resize(tree->entries, tree->room, sizeof(*tree->entries));
	}
	entry = &tree->entries[tree->count++];
	*entry = (struct tree_entry){.name = name, .base = walk->base};
	entry->path = strlen(name) > walk->skip ? name + walk->skip : ".";
	entry->head = (struct cpio_entry){
		.name = name,
		.inode = inode_of(tree, is, &is_again),
		.mode = is->st_mode,
		.uid = is->st_uid,
		.gid = is->st_gid,
		.links = S_ISDIR(is->st_mode) ? 2 : (uint32_t)is->st_nlink,
		.time = (uint32_t)is->st_mtime,
		.size = S_ISREG(is->st_mode) && !is_again ? (uint32_t)is->st_size : 0,
		.major = (uint32_t)major(is->st_rdev),
		.minor = (uint32_t)minor(is->st_rdev),
	};
	if (S_ISLNK(is->st_mode)) {
		entry->head.links = 1; /* each with its own target */
		entry->head.inode = ++tree->inodes;
		if (!read_target(tree, parent, last, entry)) {
			return false;
		}
	}
	tree->size += cpio_head_size(name) + entry->head.size + cpio_padding(entry->head.size);
	return true;
}

static bool walk_dir(struct walk *walk, int dir, const char *name);

static bool walk_one(struct walk *walk, int parent, const char *last, const char *parent_name)
{
	struct stat is;
	char *name = text_format("%s/%s", parent_name, last);
	int dir;
	bool is_ok;

	if (fstatat(parent, last, &is, AT_SYMLINK_NOFOLLOW) != 0) {
		is_ok = errno == ENOENT || tree_fail(walk->tree, name, errno);
		free(name);
		return is_ok; /* removed meanwhile */
	}
	if (S_ISSOCK(is.st_mode)) {
		free(name); /* nobody listens there */
		return true;
	}
	if (!add(walk, parent, last, name, &is)) {
		return false;
	}
	if (!S_ISDIR(is.st_mode)) {
		return true;
	}
	dir = openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir >= 0 ? walk_dir(walk, dir, name) : tree_fail(walk->tree, name, errno);
}

/* Closes `dir`. */
static bool walk_dir(struct walk *walk, int dir, const char *name)
{
	DIR *list = fdopendir(dir);
	struct dirent *entry;
	bool is_ok = list != NULL && walk->depth < DEPTH_MAX;

	if (!is_ok) {
		(void)tree_fail(walk->tree, name, list == NULL ? errno : ELOOP);
	}
	walk->depth++;
	while (is_ok && (entry = readdir(list)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			is_ok = walk_one(walk, dirfd(list), entry->d_name, name);
		}
	}
	walk->depth--;
	if (list != NULL) {
		closedir(list);
	} else {
		close(dir);
	}
	return is_ok;
}

bool tree_add_root(struct tree *tree, int root)
{
	struct walk walk = {.tree = tree, .base = root, .skip = strlen(tree->prefix) + 1};
	struct stat is;
	int dir = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || fstat(dir, &is) != 0) {
		return tree_fail(tree, "the root file system", errno);
	}
	return add(&walk, root, ".", text_copy(tree->prefix), &is) &&
	       walk_dir(&walk, dir, tree->prefix);
}

/* Where `path` is below the root once its symbolic links are followed; NULL: it is not there. */
static char *resolve_there(int root, const char *path)
{
	char base[PATH_MAX] = "";
	char found[PATH_MAX] = "";
	char handle[40];
	int place = in_root_open(root, path, O_PATH, 0);
	ssize_t length = -1;
	size_t skip;

	snprintf(handle, sizeof(handle), "/proc/self/fd/%d", root);
	if (place >= 0 && readlink(handle, base, sizeof(base) - 1) > 0) {
		snprintf(handle, sizeof(handle), "/proc/self/fd/%d", place);
		length = readlink(handle, found, sizeof(found) - 1);
	}
	if (place >= 0) {
		close(place);
	}
	skip = strcmp(base, "/") == 0 ? 0 : strlen(base);
	return length > 0 && strncmp(base, found, skip) == 0 && found[skip] == '/'
		       ? text_copy(found + skip)
		       : NULL;
}

/* The same of what there is of `destination`, and the rest behind it. */
static char *resolve(int root, const char *destination)
{
	char *start = text_copy(destination);
	char *there = NULL;
	char *whole;
	char *slash;

	while ((there = resolve_there(root, start)) == NULL &&
	       (slash = strrchr(start, '/')) != NULL && slash != start) {
		*slash = '\0';
	}
	whole = there != NULL ? text_format("%s%s", there, destination + strlen(start))
			      : text_copy(destination);
	free(there);
	free(start);
	return whole;
}

/* Directories on the way, which the root may lack. */
static bool add_parents(struct walk *walk, const char *name)
{
	struct stat is = {.st_mode = S_IFDIR | 0755, .st_nlink = 2};

	for (const char *at = name + walk->skip; (at = strchr(at, '/')) != NULL; at++) {
		if (!add(walk, -1, "", text_format("%.*s", (int)(at - name), name), &is)) {
			return false;
		}
	}
	return true;
}

bool tree_add_copy(struct tree *tree, int root, const char *source, const char *destination)
{
	char *place = resolve(root, destination);
	char *name = text_format("%s/%s", tree->prefix, place + strspn(place, "/"));
	struct walk walk = {.tree = tree,
			    .base = open(source, O_RDONLY | O_NONBLOCK | O_CLOEXEC),
			    .skip = strlen(tree->prefix) + 1};
	struct stat is;
	bool is_ok = walk.base >= 0 && fstat(walk.base, &is) == 0;
	int dir;

	is_ok = is_ok ? add_parents(&walk, name) : tree_fail(tree, source, errno);
	walk.skip = strlen(name) + 1;
	is_ok = is_ok && add(&walk, walk.base, "", text_copy(name), &is);
	if (is_ok && S_ISDIR(is.st_mode)) {
		dir = openat(walk.base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		is_ok = dir >= 0 ? walk_dir(&walk, dir, name) : tree_fail(tree, source, errno);
	}
	free(name);
	free(place);
	return is_ok; /* the base stays open for tree_stream() */
}

void tree_finish(struct tree *tree)
{
	tree->size += cpio_head_size(tree_trailer.name);
}

void tree_drop(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->entries[i].name);
		free(tree->entries[i].target);
	}
	free(tree->entries);
	free(tree->links);
	*tree = (struct tree){.prefix = tree->prefix};
}
