/* SPDX-License-Identifier: Apache-2.0 */
/* Root file system of a container. */
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "devices.h"
#include "in_root.h"
#include "mounts.h"
#include "security.h"

static int propagation_of(const char *word)
{
	static const struct {
		const char *word;
		int flag;
	} words[] = {{"shared", MS_SHARED},         {"rshared", MS_SHARED},
		     {"slave", MS_SLAVE},           {"rslave", MS_SLAVE},
		     {"private", MS_PRIVATE},       {"rprivate", MS_PRIVATE},
		     {"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(words[i].word, word)) {
			return words[i].flag;
		}
	}
	return -1;
}

static int set_host_propagation(struct container *c, struct error *e)
{
	const char *word = json_get_string(c->linux_config, "rootfsPropagation", "");
	int flag = *word ? propagation_of(word) : MS_SLAVE;
	struct mount_attr attributes = {0};

	if (flag < 0) {
		return error_set(e, 0, "linux.rootfsPropagation: there is no \"%s\"", word);
	}
	/* Nothing made here may reach the host, also when the container's root is to be shared;
	 * unbindable would make the binds that follow impossible. */
	attributes.propagation = flag == MS_UNBINDABLE ? MS_PRIVATE : (unsigned)flag;
	return syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attributes,
		       sizeof(attributes)) < 0
		       ? error_set(e, errno, "cannot set the propagation of the host's mounts")
		       : 0;
}

/* With shared mounts above it, what is attached to the root would show on the host. */
static void privatize_parent(const char *rootfs)
{
	struct mount_attr attributes = {.propagation = MS_PRIVATE};
	char path[4096];
	size_t length = strnlen(rootfs, sizeof(path) - 1);

	memcpy(path, rootfs, length);
	path[length] = '\0';
	while (syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attributes, sizeof(attributes)) < 0) {
		char *slash = strrchr(path, '/');
		if (!slash || errno != EINVAL || path[1] == '\0') {
			return;
		}
		slash[slash == path ? 1 : 0] = '\0';
	}
}

int rootfs_open(struct container *c, struct error *e)
{
	int root = open(c->state.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0
		       ? error_set(e, errno, "cannot open the root file system %s", c->state.rootfs)
		       : root;
}

/* Mounts that follow others only, which all are otherwise, need no such care. */
static bool is_shared(struct container *c)
{
	return propagation_of(json_get_string(c->linux_config, "rootfsPropagation", "")) ==
	       MS_SHARED;
}

static int open_root(struct container *c, struct error *e)
{
	if (set_host_propagation(c, e) < 0) {
		return -1;
	}
	int target = rootfs_open(c, e);
	if (target < 0) {
		return -1;
	}
	if (is_shared(c)) {
		privatize_parent(c->state.rootfs);
	}
	int tree = mounts_clone_tree(target, "", true);
	if (tree < 0 || mounts_attach(tree, target) < 0) {
		error_set(e, errno, "cannot make %s a mount", c->state.rootfs);
		close(target);
		return -1;
	}
	close(target);
	return tree;
}

int rootfs_prepare(struct container *c, struct error *e)
{
	int root = open_root(c, e);

	umask(0);
	if (root < 0 || mounts_make(c, root, e) < 0 || devices_make(c, root, e) < 0) {
		return -1;
	}
	return root;
}

/* The source itself goes to the first place, and is copied from there: a tree that is nowhere when
 * it is closed lets the kernel wait for all processors, and one that is attached nowhere can be
 * cloned since Linux 6.15 only. */
static int mask_with(int target, int source, bool *is_placed)
{
	if (!*is_placed) {
		*is_placed = true;
		return mounts_attach(source, target);
	}
	int tree = mounts_clone_tree(source, "", false);
	int result = tree < 0 ? -1 : mounts_attach(tree, target);

	if (tree >= 0) {
		close(tree);
	}
	return result;
}

static bool may_miss(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES;
}

/* A file is hidden by /dev/null, a directory by an empty file system, one for all of them. */
static int mask(struct container *c, int root, struct error *e)
{
	json *list = json_get_array(c->linux_config, "maskedPaths");
	int null = -1, empty = -1, result = 0;
	bool null_placed = false, empty_placed = false;

	for (size_t i = 0; i < json_count(list) && result == 0; i++) {
		const char *path = json_string_at(list, i);
		struct stat status;
		int target = in_root_open(root, path, O_PATH, 0);
		if (target < 0 && may_miss(errno)) {
			continue;
		}
		if (target >= 0 && fstat(target, &status) == 0 && S_ISDIR(status.st_mode)) {
			empty = empty >= 0 ? empty
					   : mounts_new("tmpfs", "tmpfs", "size=0k,nr_inodes=2", 0,
							MOUNT_ATTR_RDONLY,
							security_mount_label(c->linux_config));
			result = empty < 0 ? -1 : mask_with(target, empty, &empty_placed);
		} else if (target >= 0) {
			null = null >= 0 ? null : mounts_clone_tree(AT_FDCWD, "/dev/null", false);
			result = null < 0 ? -1 : mask_with(target, null, &null_placed);
		} else {
			result = -1;
		}
		if (result < 0) {
			error_set(e, errno, "cannot mask %s", path);
		}
		close(target);
	}
	close(null);
	close(empty);
	return result;
}

static int protect_path(int root, const char *path, struct error *e)
{
	int target = in_root_open(root, path, O_PATH, 0);

	if (target < 0) {
		return may_miss(errno) ? 0 : error_set(e, errno, "cannot protect %s", path);
	}
	int tree = mounts_clone_tree(target, "", true);
	int result = 0;
	if (tree < 0 || mounts_set(tree, MOUNT_ATTR_RDONLY, 0, 0, true) < 0 ||
	    mounts_attach(tree, target) < 0) {
		result = error_set(e, errno, "cannot make %s read-only", path);
	}
	close(target);
	close(tree);
	return result;
}

int rootfs_protect(struct container *c, int root, struct error *e)
{
	json *list = json_get_array(c->linux_config, "readonlyPaths");

	for (size_t i = 0; i < json_count(list); i++) {
		if (protect_path(root, json_string_at(list, i), e) < 0) {
			return -1;
		}
	}
	if (mask(c, root, e) < 0) {
		return -1;
	}
	if (json_get_bool(json_get_object(c->config, "root"), "readonly", false) &&
	    mounts_set(root, MOUNT_ATTR_RDONLY, 0, 0, false) < 0) {
		return error_set(e, errno, "cannot make the root file system read-only");
	}
	return 0;
}

int rootfs_chroot(int root, struct error *e)
{
	if (fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0) {
		return error_set(e, errno, "cannot change the root");
	}
	return 0;
}

/* Kernels do not pivot away from the file system they were booted into. */
static bool is_boot_root(void)
{
	struct statfs fs;

	return statfs("/", &fs) == 0 && (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC);
}

static int move_root(int root, struct error *e)
{
	if (fchdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0) {
		return error_set(e, errno, "cannot move the root file system to /");
	}
	return rootfs_chroot(root, e);
}

/* The new root's place is the old root's: both lie at "/" until the old one, below, is detached. */
static int pivot(int root, struct error *e)
{
	int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old < 0 || fchdir(root) < 0) {
		return error_set(e, errno, "cannot enter the root file system");
	}
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		int error = errno;
		close(old);
		return error == EINVAL && is_boot_root()
			       ? move_root(root, e)
			       : error_set(e, error, "cannot pivot_root to the root file system");
	}
	/* Its end must not take mounts of the host with it. */
	if (fchdir(old) < 0 || mounts_set(old, 0, 0, MS_SLAVE, true) < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) {
		return error_set(e, errno, "cannot leave the host's root file system");
	}
	close(old);
	return 0;
}

int rootfs_enter(struct container *c, int root, struct error *e)
{
	const char *word = json_get_string(c->linux_config, "rootfsPropagation", "");
	int flag = *word ? propagation_of(word) : 0;
	struct mount_attr attributes = {.propagation = (unsigned)flag};

	if (c->no_pivot ? move_root(root, e) < 0 : pivot(root, e) < 0) {
		return -1;
	}
	if (flag > 0 &&
	    syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof(attributes)) < 0) {
		return error_set(e, errno, "cannot set linux.rootfsPropagation");
	}
	return 0;
}
