/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs.h"
#include "engine.h"
#include "file.h"
#include "image.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNT_POINTS "mount-points"
#define LAYERS_MAX   129  /* 128 of the image */
#define OPTION_LIMIT 4000 /* mount(2) takes a page */

struct overlay {
	int fds[LAYERS_MAX + 3];
	size_t count;
	struct text options;
};

static char *layer_path(const char *chain)
{
	const char *hex = strncmp(chain, "sha256:", 7) ? chain : chain + 7;

	return engine_root_path("layers/%s/diff", hex);
}

/*
 * Mount points that every container needs lie in a layer of their own, above the image's, so that
 * they are no changes of the container ("diff", "commit").
 */
static int make_file(const char *path, const char *name, bool is_folder)
{
	char *full = text_format("%s/%s", path, name);
	int result = 0;

	if (is_folder) {
		result = file_make_dirs(full, 0755);
	} else {
		int fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		result = fd < 0 ? -1 : close(fd);
	}
	free(full);
	return result;
}

int rootfs_prepare(void)
{
	static const char *const folders[] = {"dev/pts", "dev/shm", "proc", "sys", "etc"};
	static const char *const files[] = {"dev/console", "etc/hosts", "etc/hostname",
					    "etc/resolv.conf", ".dockerenv"};
	char *path = engine_root_path(MOUNT_POINTS);
	int result = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		result |= make_file(path, folders[i], true);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		result |= make_file(path, files[i], false);
	}
	free(path);
	return result;
}

json *rootfs_lowers(const struct container *container)
{
	json *chains = image_layers(container->image);
	json *lowers = json_object_new_array();

	json_append_owned(lowers, engine_root_path(MOUNT_POINTS));

	for (size_t i = json_count(chains); i > 0; i--) {
		char *path = layer_path(json_string_at(chains, i - 1));
		json_append_string(lowers, path);
		free(path);
	}
	json_object_put(chains);
	return lowers;
}

/* Layers are named by numbers of descriptors: short, whatever ROOT is called. */
static int add_dir(struct overlay *overlay, const char *separator, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		return -1;
	}
	overlay->fds[overlay->count++] = fd;
	text_printf(&overlay->options, "%s%d", separator, fd);
	return 0;
}

static int add_lowers(struct overlay *overlay, struct container *container)
{
	json *lowers = rootfs_lowers(container);
	size_t count = json_count(lowers);
	int result = 0;

	if (count > LAYERS_MAX) {
		errno = E2BIG;
		result = -1;
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		result = add_dir(overlay, i ? ":" : "lowerdir=", json_string_at(lowers, i));
	}
	int error = errno;
	json_object_put(lowers);
	errno = error;
	return result;
}

static int add_own(struct overlay *overlay, struct container *container)
{
	char *upper = container_path(container, "upper");
	char *work = container_path(container, "work");
	int result = add_dir(overlay, ",upperdir=", upper);

	if (result == 0) {
		result = add_dir(overlay, ",workdir=", work);
	}
	if (result == 0 && container->is_auto_removed) {
		/* Nothing of it is wanted after a crash; the mark refuses a second mount. */
		char *mark = text_format("%s/work/incompat", work);
		file_remove_tree_at(AT_FDCWD, mark);
		free(mark);
		text_puts(&overlay->options, ",volatile");
	}
	free(upper);
	free(work);
	return result;
}

static int mount_overlay(struct overlay *overlay, const char *target)
{
	if (overlay->options.length > OPTION_LIMIT) {
		errno = E2BIG;
		return -1;
	}
	if (chdir("/proc/self/fd") < 0) {
		return -1;
	}
	int result = mount("overlay", target, "overlay", 0, overlay->options.data);
	int error = errno;
	(void)!chdir("/");
	errno = error;
	return result;
}

static int mount_rootfs(struct container *container)
{
	struct overlay overlay = {.count = 0};
	char *target = container_path(container, "rootfs");
	int result = add_lowers(&overlay, container);

	if (result == 0) {
		result = add_own(&overlay, container);
	}
	if (result == 0) {
		result = mount_overlay(&overlay, target);
	}
	int error = errno;
	for (size_t i = 0; i < overlay.count; i++) {
		close(overlay.fds[i]);
	}
	text_free(&overlay.options);
	free(target);
	errno = error;
	return result;
}

int rootfs_hold(struct container *container, char **error)
{
	if (!container->rootfs_users && mount_rootfs(container) < 0) {
		*error = text_format("cannot mount the root file system: %s", strerror(errno));
		return -1;
	}
	container->rootfs_users++;
	return 0;
}

void rootfs_unmount_path(const char *path)
{
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
	}
}

void rootfs_release(struct container *container)
{
	if (container->rootfs_users && --container->rootfs_users == 0) {
		char *path = container_path(container, "rootfs");
		rootfs_unmount_path(path);
		free(path);
	}
}

void rootfs_adopt(struct container *container)
{
	container->rootfs_users++;
}
