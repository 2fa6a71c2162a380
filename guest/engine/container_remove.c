/* SPDX-License-Identifier: Apache-2.0 */
/* Removal: of what is on disk first, then of the row, so that a kill in between leaves a row that
 * the next start removes. */
#include "attach.h"
#include "engine.h"
#include "exec.h"
#include "file.h"
#include "life.h"
#include "loop.h"
#include "spawn.h"
#include "text.h"
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMOVE_DELAY 10 /* ms */

struct removal {
	struct container *container;
	bool with_volumes;
	life_done_fn done;
	void *context;
};

static void on_tree_removed(void *context, int status)
{
	(void)context;
	(void)status; /* tmp is emptied at the next start */
}

static void on_remove_timer(void *context)
{
	char *path = context;
	char *argv[] = {"rm", "-rf", "--", path, NULL};
	struct spawn spawn = {.path = "rm", .argv = argv};
	int pidfd = -1;
	pid_t pid = spawn_start(&spawn, &pidfd);

	if (pid > 0) {
		loop_add_child(pid, pidfd, on_tree_removed, NULL);
	}
	free(path);
}

/* A tree may be big: a child does it, after those who wait for the removal have their answer. */
static void remove_later(const char *path)
{
	loop_after(REMOVE_DELAY, on_remove_timer, text_copy(path));
}

/* By rename, so that a big tree does not hold up the engine; the tree goes with a child. */
static int remove_folder(struct container *container)
{
	char *path = container_path(container, "");
	char *away = engine_root_path("tmp/removed-%s", container->id);
	int result = rename(path, away);

	if (result < 0 && errno == ENOENT) {
		result = 0;
	} else if (result == 0) {
		remove_later(away);
	}
	free(path);
	free(away);
	char *run = container_run_path(container, "");
	file_remove_tree_at(AT_FDCWD, run);
	free(run);
	return result;
}

static void removal_finish(struct removal *removal)
{
	struct container *container = removal->container;
	json *spec = container_spec(container);

	container->state.is_dead = true;
	exec_forget_all(container);
	attach_drop_all(container);
	if (remove_folder(container) < 0) {
		int error = errno;
		container->is_removing = false;
		container_store_state(container);
		life_fail(removal->done, removal->context, 500, "cannot remove container %s: %s",
			  container->id, strerror(error));
	} else {
		container_event(container, "destroy", NULL, NULL);
		container_wait_wake(container, true);
		if (container_delete(container) < 0) {
			removal->done(removal->context, "the database does not take it", 500);
		} else {
			if (removal->with_volumes) {
				volume_remove_anonymous(json_get(spec, "Mounts"));
			}
			removal->done(removal->context, NULL, 204);
		}
	}
	json_object_put(spec);
	free(removal);
}

static void on_exit_before_removal(void *context, int code)
{
	(void)code;
	removal_finish(context);
}

void container_remove(struct container *container, bool force, bool with_volumes, life_done_fn done,
		      void *context)
{
	bool is_active = container->state.is_running || container->start || container->is_ending;

	if (container->is_removing) {
		life_fail(done, context, 409, "removal of container %s is already in progress",
			  container->id);
		return;
	}
	if (is_active && !force) {
		life_fail(done, context, 409,
			  "cannot remove container \"/%s\": container is %s: stop the "
			  "container before removing or force remove",
			  container->name, container_status(container));
		return;
	}
	struct removal *removal = memory_zeroed(1, sizeof(*removal));
	removal->container = container;
	removal->with_volumes = with_volumes;
	removal->done = done;
	removal->context = context;
	container->is_removing = true;
	container->state.is_stopped_by_hand = true;
	loop_cancel(container->restart_timer);
	container->restart_timer = NULL;
	if (!is_active) {
		removal_finish(removal);
		return;
	}
	container_wait_add(container, WAIT_NEXT_EXIT, on_exit_before_removal, removal);
	if (container->state.is_running && !container->is_ending) {
		container_kill(container, SIGKILL, life_log, NULL);
	}
}
