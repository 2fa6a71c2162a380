/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile.h"
#include "container.h"
#include "engine.h"
#include "file.h"
#include "health.h"
#include "life.h"
#include "loop.h"
#include "monitor.h"
#include "network.h"
#include "rootfs.h"
#include "runtime_call.h"
#include "text.h"
#include "volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DOUBT        500   /* ms */
#define WORKERS_WAIT 10000 /* ms */

/* Is something mounted there: another file system than its parent's. */
static bool is_mounted(const char *path)
{
	struct stat here;
	struct stat parent;
	char *up = text_format("%s/..", path);
	bool mounted =
		stat(path, &here) == 0 && stat(up, &parent) == 0 && here.st_dev != parent.st_dev;

	free(up);
	return mounted;
}

/* Calls `stray` for each entry of ROOT/relative or RUN/relative that `is_known` does not know. */
static void sweep(char *folder, bool (*is_known)(const char *name), void (*stray)(const char *path))
{
	DIR *list = opendir(folder);
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		if (entry->d_name[0] != '.' && !is_known(entry->d_name)) {
			char *path = text_format("%s/%s", folder, entry->d_name);
			stray(path);
			free(path);
		}
	}
	if (list) {
		closedir(list);
	}
	free(folder);
}

static bool is_container(const char *name)
{
	for (struct container *one = container_first(); one; one = one->next) {
		if (!strcmp(one->id, name)) {
			return true;
		}
	}
	return false;
}

static bool is_nothing(const char *name)
{
	(void)name;
	return false;
}

static void remove_stray(const char *path)
{
	char *rootfs = text_format("%s/rootfs", path);

	rootfs_unmount_path(rootfs);
	if (file_remove_tree_at(AT_FDCWD, path) < 0) {
		engine_log("cannot remove %s: %s", path, strerror(errno));
	}
	free(rootfs);
}

static void on_resumed(void *context, const char *error)
{
	(void)context;
	(void)error; /* as nearly always: it is not paused */
}

/* A commit pauses what it copies, and its engine may have been killed then. */
static void resume(struct container *container)
{
	const char *arguments[] = {"resume", container->id, NULL};

	if (!container->state.is_paused) {
		runtime_call(container, arguments, on_resumed, NULL);
	}
}

static void begin_health(struct container *container)
{
	json *spec = container_spec(container);

	health_begin(container, spec);
	json_object_put(spec);
}

static void adopt_running(struct container *container, const char *folder)
{
	char *path = text_format("%s/init.pid", folder);
	struct text text = {0};

	if (!container->state.is_running) {
		/* Killed between the monitor's report and the row. */
		if (file_read_at(AT_FDCWD, path, &text, 64) == 0) {
			container->state.pid = (pid_t)strtol(text.data, NULL, 10);
		}
		container->state.is_running = true;
		container->state.started =
			container->state.started ? container->state.started : container->created;
		container_store_state(container);
	}
	text_free(&text);
	free(path);
	rootfs_adopt(container);

	begin_health(container);
	container_follow(container);
	resume(container);
}

static void adopt_ended(struct container *container, const char *folder)
{
	struct monitor_end end;
	char *rootfs = container_path(container, "rootfs");

	monitor_read_end(folder, &end);
	if (is_mounted(rootfs)) {
		rootfs_adopt(container);
	}
	free(rootfs);
	container_ended(container, &end);
}

/* A start began (its folder is there), and neither its monitor nor its end is to be seen. */
static bool is_doubtful(struct container *container, const char *folder)
{
	char *begun = container_run_path(container, "exec");
	struct monitor_end end;
	bool doubtful = access(begun, F_OK) == 0;

	free(begun);
	monitor_read_end(folder, &end);
	return doubtful && !end.is_known;
}

static void on_doubt_over(void *context)
{
	struct container *container = container_find(context, NULL);
	char *folder = container ? monitor_folder(container, NULL) : NULL;

	if (container) {
		container->is_ending = false;
		if (monitor_is_alive(folder)) {
			adopt_running(container, folder);
		} else {
			adopt_ended(container, folder);
		}
	}
	free(folder);
	free(context);
}

/* The engine was killed when its monitor had just been started: whether it comes is seen soon.
 * Until then the container is neither started nor removed. */
static void adopt_later(struct container *container)
{
	container->is_ending = true;
	loop_after(DOUBT, on_doubt_over, text_copy(container->id));
}

static void adopt(struct container *container)
{
	char *folder = monitor_folder(container, NULL);
	char *rootfs = container_path(container, "rootfs");
	bool is_alive = monitor_is_alive(folder);

	if (is_alive) {
		adopt_running(container, folder);
	} else if (container->state.is_running) {
		adopt_ended(container, folder);
	} else if (is_doubtful(container, folder)) {
		adopt_later(container);
	} else {
		rootfs_unmount_path(rootfs);
		if (container->state.is_restarting) {
			container->state.is_restarting = false;
			container_start(container, life_log, NULL);
		} else if (container->is_auto_removed && container->state.started) {
			container_remove(container, true, true, life_log, NULL);
		}
	}
	free(rootfs);
	free(folder);
}

/* As dockerd does: "always" starts whatever it was, "unless-stopped" what nobody stopped. */
static bool starts_by_itself(const struct container *container)
{
	if (container->state.is_running || container->start || container->is_ending ||
	    container->is_removing) {
		return false;
	}
	return (container->restart_policy == RESTART_ALWAYS && container->state.started) ||
	       (container->restart_policy == RESTART_UNLESS_STOPPED && container->state.started &&
		!container->state.is_stopped_by_hand);
}

/* Workers of a former engine die with it, but not at once. */
static void wait_for_workers(void)
{
	char *path = engine_root_path("tmp");
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int tries = WORKERS_WAIT / 10;

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && tries > 0) {
		usleep(10 * 1000);
		tries--;
	}
	if (!tries) {
		engine_log("somebody is still at work in %s, which is emptied now", path);
	}
	file_close(fd);
	free(path);
}

int reconcile(void)
{
	struct container *next;

	wait_for_workers();
	if (container_load_all() < 0 || network_load_all() < 0) {
		return -1;
	}
	sweep(engine_root_path("tmp"), is_nothing, remove_stray);
	sweep(engine_root_path("containers"), is_container, remove_stray);
	sweep(engine_run_path("containers"), is_container, remove_stray);
	for (struct container *one = container_first(); one; one = next) {
		next = one->next;
		adopt(one);
	}
	network_sync();
	for (struct container *one = container_first(); one; one = next) {
		next = one->next;
		if (starts_by_itself(one)) {
			container_start(one, life_log, NULL);
		}
	}
	sweep(engine_root_path("volumes"), volume_exists, remove_stray);

	return 0;
}
