/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_fill.h"
#include "engine.h"
#include "in_root.h"
#include "loop.h"
#include "spawn.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_FD 3
#define TARGET_FD 4

struct fill {
	json *mounts;
	size_t next;
	int root; /* of the container */
	volume_filled_fn filled;
	void *context;
};

static void fill_next(struct fill *fill);

static bool is_empty(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool empty = true;

	while (list && empty && (entry = readdir(list))) {
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	}
	if (list) {
		closedir(list);
	}
	return empty;
}

static void on_copied(void *context, int status)
{
	struct fill *fill = context;

	if (status) {
		engine_log("cannot copy the image's content into a volume: cp ended with %d",
			   status);
	}
	fill_next(fill);
}

/* cp sees the folders by descriptors: no name of the image's is resolved outside of its root. */
static bool start_copy(struct fill *fill, int source, int target)
{
	char *argv[] = {"cp", "-a", "/proc/self/fd/3/.", "/proc/self/fd/4/", NULL};
	struct spawn_fd fds[] = {{source, SOURCE_FD}, {target, TARGET_FD}, {STDERR_FILENO, 2}};
	struct spawn spawn = {.path = "cp", .argv = argv, .fds = fds, .fd_count = 3};
	struct stat status;
	int pidfd = -1;
	pid_t pid = spawn_start(&spawn, &pidfd);

	if (pid < 0) {
		engine_log("cannot start cp: %s", strerror(errno));
		return false;
	}
	if (fstat(source, &status) == 0 && fchown(target, status.st_uid, status.st_gid) == 0) {
		fchmod(target, status.st_mode & 07777);
	}
	return loop_add_child(pid, pidfd, on_copied, fill) != NULL;
}

/* True: a copy runs. */
static bool fill_one(struct fill *fill, json *mount)
{
	const char *mode = json_get_string(mount, "Mode", "");

	if (strcmp(json_get_string(mount, "Type", ""), "volume") != 0 || strstr(mode, "nocopy")) {
		return false;
	}
	int source = in_root_open(fill->root, json_get_string(mount, "Destination", ""),
				  O_RDONLY | O_DIRECTORY, 0);
	int target = source < 0 ? -1
				: open(json_get_string(mount, "Source", ""),
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool is_copying = target >= 0 && is_empty(target) && !is_empty(source) &&
			  start_copy(fill, source, target);
	if (source >= 0) {
		close(source);
	}
	if (target >= 0) {
		close(target);
	}
	return is_copying;
}

static void fill_next(struct fill *fill)
{
	while (fill->next < json_count(fill->mounts)) {
		if (fill_one(fill, json_object_array_get_idx(fill->mounts, fill->next++))) {
			return;
		}
	}
	volume_filled_fn filled = fill->filled;
	void *context = fill->context;
	if (fill->root >= 0) {
		close(fill->root);
	}
	free(fill);
	filled(context);
}

void volume_fill(struct container *container, json *spec, volume_filled_fn filled, void *context)
{
	struct fill *fill = memory_zeroed(1, sizeof(*fill));
	char *path = container_path(container, "rootfs");

	fill->mounts = json_get(spec, "Mounts");
	fill->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fill->filled = filled;
	fill->context = context;
	free(path);
	fill_next(fill);
}
