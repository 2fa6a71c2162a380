/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts by descriptors: open_tree(2), fsopen(2), move_mount(2), mount_setattr(2). */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "in_root.h"
#include "mount_kinds.h"
#include "mount_options.h"
#include "text.h"
#include "usermap.h"

int mounts_clone_tree(int dir, const char *path, bool recursive)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;

	return (int)syscall(SYS_open_tree, dir, path, recursive ? flags | AT_RECURSIVE : flags);
}

int mounts_attach(int tree, int target)
{
	return (int)syscall(SYS_move_mount, tree, "", target, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int mounts_set(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive)
{
	struct mount_attr attributes = {
		.attr_set = set, .attr_clr = clear, .propagation = propagation};

	return (int)syscall(SYS_mount_setattr, fd, "",
			    AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes,
			    sizeof(attributes));
}

static int configure(int context, const char *data)
{
	char *copy = text_copy(data), *rest = NULL;
	int result = 0;

	for (char *word = strtok_r(copy, ",", &rest); word && result == 0;
	     word = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(word, '=');
		if (value) {
			*value++ = '\0';
			result = (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, word,
					      value, 0);
		} else {
			result = (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, word, NULL,
					      0);
		}
	}
	free(copy);
	return result;
}

static int configure_super(int context, unsigned long super)
{
	static const struct {
		unsigned long flag;
		const char *word;
	} words[] = {{MS_SYNCHRONOUS, "sync"},
		     {MS_DIRSYNC, "dirsync"},
		     {MS_LAZYTIME, "lazytime"},
		     {MS_MANDLOCK, "mand"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if ((super & words[i].flag) &&
		    syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, words[i].word, NULL, 0) < 0) {
			return -1;
		}
	}
	return 0;
}

int mounts_new(const char *type, const char *source, const char *data, unsigned long super,
	       uint64_t attributes, const char *label)
{
	int fd = -1;
	int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);

	if (context < 0) {
		return -1;
	}
	if (source && *source) {
		syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", source, 0);
	}
	if ((!data || configure(context, data) == 0) && configure_super(context, super) == 0 &&
	    (!*label ||
	     syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "context", label, 0) == 0) &&
	    syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
		fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
	}
	int error = errno;
	close(context);
	errno = error;
	return fd;
}

/* Resolved inside the root like in_root_open(), but no symbolic link is followed at all. */
static int open_without_symlinks(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* One directory below one that is there; the rest is for in_root_make_dirs(). */
static int make_dir(int root, const char *path)
{
	const char *name;
	int parent = in_root_parent(root, path, 0, &name);

	if (parent < 0) {
		return in_root_make_dirs(root, path, 0755);
	}
	/* A trailing slash would be taken for the directory's own. */
	int made = name[strcspn(name, "/")] ? -1 : mkdirat(parent, name, 0755);
	int fd =
		made < 0 ? -1 : openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(parent);
	return fd >= 0 ? fd : in_root_make_dirs(root, path, 0755);
}

static int make_file(int root, const char *path)
{
	const char *name;
	int parent = in_root_parent(root, path, 0755, &name);

	if (parent < 0) {
		return -1;
	}
	int fd = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
	int error = errno;
	close(parent);
	if (fd < 0 && error != EEXIST) {
		errno = error;
		return -1;
	}
	if (fd >= 0) {
		close(fd);
	}
	return in_root_open(root, path, O_PATH, 0);
}

int mounts_target(int root, const char *path, bool file, bool no_symlinks)
{
	int fd = no_symlinks ? open_without_symlinks(root, path)
			     : in_root_open(root, path, O_PATH, 0);

	if (fd >= 0 || errno != ENOENT) {
		return fd;
	}
	return file ? make_file(root, path) : make_dir(root, path);
}

/* A tree of the mount's own source, with the runtime's present rights. */
static int open_source(json *mount, const struct mount_options *options, struct error *e)
{
	const char *source = json_get_string(mount, "source", "");
	int tree = mounts_clone_tree(AT_FDCWD, source, options->recursive);

	return tree < 0 ? error_set(e, errno, "cannot bind %s, the source of the mount at %s",
				    source, json_get_string(mount, "destination", ""))
			: tree;
}

static int map_tree(struct container *c, json *mount, const struct mount_options *options, int tree,
		    struct error *e)
{
	json *uids = json_get_array(mount, "uidMappings");
	json *gids = json_get_array(mount, "gidMappings");
	const char *at = json_get_string(mount, "destination", "");

	if (!uids && !gids) {
		uids = json_get_array(c->linux_config, "uidMappings");
		gids = json_get_array(c->linux_config, "gidMappings");
	}
	if (!json_count(uids) || !json_count(gids)) {
		return error_set(e, 0, "the idmapped mount at %s needs uidMappings and gidMappings",
				 at);
	}
	int user = usermap_namespace(uids, gids, e);
	if (user < 0) {
		return -1;
	}
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP,
					.userns_fd = (unsigned long long)user};
	long set = syscall(SYS_mount_setattr, tree, "",
			   AT_EMPTY_PATH | (options->idmap_all ? AT_RECURSIVE : 0), &attributes,
			   sizeof(attributes));
	int error = errno;
	close(user);
	return set < 0 ? error_set(e, error, "cannot map the ids of the mount at %s", at) : 0;
}

static int prepare_source(struct container *c, json *mount, int *tree, struct error *e)
{
	struct mount_options options;

	if (mount_options_read(json_get_array(mount, "options"), &options, e) < 0) {
		return -1;
	}
	bool mapped = options.idmap || json_get_array(mount, "uidMappings");
	bool bind = mount_is_bind(mount, &options);
	int result = 0;
	if (mapped && !bind) {
		result = error_set(e, 0, "the mount at %s: only bind mounts can be idmapped",
				   json_get_string(mount, "destination", ""));
	} else if (mapped || (bind && (c->ns.made & CLONE_NEWUSER) && !c->rt->rootless)) {
		*tree = open_source(mount, &options, e);
		result = *tree < 0 ? -1 : 0;
		if (result == 0 && mapped) {
			result = map_tree(c, mount, &options, *tree, e);
		}
	}
	mount_options_free(&options);
	return result;
}

int mounts_open_sources(struct container *c, struct error *e)
{
	json *list = json_get_array(c->config, "mounts");

	c->source_count = json_count(list);
	c->sources = memory_zeroed(c->source_count, sizeof(int));
	for (size_t i = 0; i < c->source_count; i++) {
		c->sources[i] = -1;
	}
	for (size_t i = 0; i < c->source_count; i++) {
		if (prepare_source(c, json_object_array_get_idx(list, i), &c->sources[i], e) < 0) {
			return -1;
		}
	}
	return 0;
}

static int make_one(struct container *c, int root, size_t index, struct error *e)
{
	json *mount = json_object_array_get_idx(json_get_array(c->config, "mounts"), index);
	struct mount_job job = {.c = c,
				.root = root,
				.type = json_get_string(mount, "type", ""),
				.source = json_get_string(mount, "source", ""),
				.at = json_get_string(mount, "destination", ""),
				.tree = c->sources ? c->sources[index] : -1};

	if (mount_options_read(json_get_array(mount, "options"), &job.options, e) < 0) {
		return error_set(e, 0, "mount at %s", job.at);
	}
	job.bind = mount_is_bind(mount, &job.options);
	int result = mount_kinds_make(&job, e);
	mount_options_free(&job.options);
	return result;
}

int mounts_make(struct container *c, int root, struct error *e)
{
	json *list = json_get_array(c->config, "mounts");

	for (size_t i = 0; i < json_count(list); i++) {
		if (make_one(c, root, i, e) < 0) {
			return -1;
		}
	}
	return 0;
}
