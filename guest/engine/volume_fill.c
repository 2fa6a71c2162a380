/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_fill.h"
#include "engine.h"
#include "file.h"
#include "in_root.h"
#include "text.h"
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fill {
	json *mounts;
	size_t next;
	char *rootfs; /* of the container */
	int root;     /* the same, open */
	int running;  /* workers */
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

static void on_end(void *context, json *result, const char *error, const char *kind)
{
	struct fill *fill = context;

	(void)result;
	(void)kind;
	if (error) {
		engine_log("cannot copy the image's content into a volume: %s", error);
	}
	if (--fill->running == 0) {
		fill_next(fill);
	}
}

static void start_worker(struct fill *fill, const char *command, const char *root, const char *path,
			 int input, int output)
{
	struct worker_call call = {
		.arguments = {command},
		.request = json_object_new_object(),
		.stdin_fd = input,
		.stdout_fd = output,
		.done = on_end,
		.context = fill,
	};

	json_set_string(call.request, "rootfs", root);
	json_set_string(call.request, "path", path);
	fill->running++;
	worker_start(&call);
}

/*
 * Both sides look names up inside their root alone: links of the image, and what another container
 * that has the volume already makes of its folders meanwhile, lead nowhere else. True: it runs.
 */
static bool start_copy(struct fill *fill, json *mount, int source, int target)
{
	char *path = text_format("%s/.", json_get_string(mount, "Destination", ""));
	struct stat status;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		engine_log("cannot make a pipe: %s", strerror(errno));
		free(path);
		return false;
	}
	if (fstat(source, &status) == 0 && fchown(target, status.st_uid, status.st_gid) == 0) {
		fchmod(target, status.st_mode & 07777);
	}
	fill->running = 1; /* both may fail at once */
	start_worker(fill, "archive-get", fill->rootfs, path, 0, ends[1]);
	start_worker(fill, "archive-put", json_get_string(mount, "Source", ""), "/", ends[0], 0);
	free(path);
	return --fill->running > 0;
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
			  start_copy(fill, mount, source, target);
	file_close(source);
	file_close(target);
	return is_copying;
}

static void fill_next(struct fill *fill)
{
	while (fill->next < json_count(fill->mounts)) {
		if (fill_one(fill, json_at(fill->mounts, fill->next++))) {
			return;
		}
	}
	volume_filled_fn filled = fill->filled;
	void *context = fill->context;
	file_close(fill->root);
	free(fill->rootfs);
	free(fill);
	filled(context);
}

void volume_fill(struct container *container, json *spec, volume_filled_fn filled, void *context)
{
	struct fill *fill = memory_zeroed(1, sizeof(*fill));

	fill->rootfs = container_path(container, "rootfs");
	fill->mounts = json_get(spec, "Mounts");
	fill->root = open(fill->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fill->filled = filled;
	fill->context = context;
	fill_next(fill);
}
