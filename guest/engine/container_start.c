/* SPDX-License-Identifier: Apache-2.0 */
/* Start: root file system, networks, config.json, monitor. */
#include "attach.h"
#include "engine.h"
#include "file.h"
#include "health.h"
#include "life.h"
#include "log_options.h"
#include "loop.h"
#include "moment.h"
#include "monitor.h"
#include "network.h"
#include "oci.h"
#include "rootfs.h"
#include "text.h"
#include "volume_fill.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATER         20 /* ms */
#define ATTACH_MAX    8
#define CODE_NO_FILE  127
#define CODE_NO_RIGHT 126
#define CODE_OTHER    128

struct attach_flags {
	char flags[8];
};

struct start {
	struct container *container;
	json *spec;
	life_done_fn done;
	void *context;
	bool has_rootfs;
	char *error; /* while the networks are left again */
};

/* As the docker client tells 127, 126 and 125 apart: by the words. */
static int code_of(const char *error)
{
	if (strstr(error, "executable file not found") || strstr(error, "no such file") ||
	    strstr(error, "No such file")) {
		return CODE_NO_FILE;
	}
	if (strstr(error, "ermission denied") || strstr(error, "is a directory")) {
		return CODE_NO_RIGHT;
	}
	return CODE_OTHER;
}

static void start_failed_after_network(void *context, const char *ignored)
{
	struct start *start = context;
	struct container *container = start->container;
	struct container_state *state = &container->state;
	int code = code_of(start->error);

	(void)ignored;
	if (start->has_rootfs) {
		rootfs_release(container);
	}
	free(state->error);
	state->error = text_copy(start->error);
	state->exit_code = code;
	state->is_running = false;
	state->is_restarting = false;
	state->finished = state->started ? moment_now() : 0;
	container->start = NULL;
	container_store_state(container);
	attach_drop_all(container);
	start->done(start->context, start->error, code == CODE_OTHER ? 500 : 400);
	if (container->is_auto_removed && !container->is_removing) {
		container_remove(container, true, true, life_log, NULL);
	} else {
		container_wait_wake(container, false); /* who may remove it */
	}
	json_object_put(start->spec);
	free(start->error);
	free(start);
}

static void start_failed(struct start *start, char *error)
{
	start->error = error;
	network_disconnect(start->container, start_failed_after_network, start);
}

static void on_started(void *context, pid_t pid, const char *error)
{
	struct start *start = context;
	struct container *container = start->container;
	struct container_state *state = &container->state;

	if (error) {
		start_failed(start, text_format("failed to create task for container: OCI runtime "
						"create failed: %s",
						error));
		return;
	}
	free(state->error);
	state->error = NULL;
	state->is_running = true;
	state->is_paused = false;
	state->is_restarting = false;
	state->is_oom_killed = false;
	state->is_stopped_by_hand = false;
	state->exit_code = 0;
	state->pid = pid;
	state->started = moment_now();
	state->finished = 0;
	container->start = NULL;
	container_store_state(container);
	container_event(container, "start", NULL, NULL);
	health_begin(container, start->spec);
	attach_give_away_all(container);
	start->done(start->context, NULL, 204);
	json_object_put(start->spec);
	free(start);
	if (container->is_removing) {
		container_kill(container, SIGKILL, life_log, NULL);
	}
	container_follow(container);
}

static int write_config(struct start *start, char **error)
{
	struct container *container = start->container;
	json *config = oci_config(container, start->spec, error);

	if (!config) {
		return -1;
	}
	char *path = container_path(container, "bundle/config.json");
	const char *text = json_text(config);
	int result = file_replace_at(AT_FDCWD, path, text, strlen(text), 0600, 0);
	if (result == 0) {
		result = oci_write_files(container, start->spec);
	}
	if (result < 0) {
		*error = text_format("cannot write %s: %s", path, strerror(errno));
	}
	free(path);
	json_object_put(config);
	return result;
}

/* Connections that wait: to the monitor, in the order they came. */
static size_t take_attaches(struct container *container, struct monitor_attach *list, char **keys)
{
	size_t count = 0;

	/* Those with input at hand come after the start: the monitor's options have no place for
	 * it. */
	for (struct attach *one = container->attaches; one && count < ATTACH_MAX; one = one->next) {
		if (one->input) {
			continue;
		}
		loop_remove_fd(one->watch);
		one->watch = NULL;
		list[count].fd = one->fd;
		list[count++].flags = one->flags;
		one->fd = -1;
		if (one->detach_keys) {
			free(*keys);
			*keys = text_copy(one->detach_keys);
		}
	}
	return count;
}

static void start_monitor(struct start *start)
{
	struct container *container = start->container;
	json *log = json_get(json_get(start->spec, "HostConfig"), "LogConfig");
	char size[24], files[12];
	int64_t bytes;
	int count;
	struct monitor_attach attaches[ATTACH_MAX];
	char *keys = NULL;
	char *path = text_format("%s/containers/%s/%s-json.log", engine.root, container->id,
				 container->id);
	struct monitor_call call = {
		.container = container,
		.has_tty = container->has_tty,
		.has_stdin = container->has_stdin,
		.has_stdin_once = container->has_stdin_once,
		.log = log_options_read(log, &bytes, &count) ? path : NULL,
		.attaches = attaches,
	};

	if (call.log && bytes > 0) {
		snprintf(size, sizeof(size), "%lld", (long long)bytes);
		snprintf(files, sizeof(files), "%d", count);
		call.log_max_size = size;
		call.log_max_file = files;
	}
	call.attach_count = take_attaches(container, attaches, &keys);
	call.detach_keys = keys;
	/* Whatever comes of it, what was taken is the monitor's. */
	struct attach_flags kept[ATTACH_MAX];
	for (size_t i = 0; i < call.attach_count; i++) {
		memcpy(kept[i].flags, attaches[i].flags, sizeof(kept[i].flags));
		attaches[i].flags = kept[i].flags;
	}
	attach_forget_taken(container);
	monitor_start(&call, on_started, start);
	free(keys);
	free(path);
}

static void on_connected(void *context, const char *error)
{
	struct start *start = context;
	char *words = NULL;

	if (error) {
		start_failed(start, text_copy(error));
	} else if (write_config(start, &words) < 0) {
		start_failed(start, words);
	} else {
		start_monitor(start);
	}
}

static void on_filled(void *context)
{
	struct start *start = context;

	network_connect(start->container, start->spec, on_connected, start);
}

/* What a former run left in RUN/containers/ID. */
static int make_run_folder(struct container *container)
{
	char *path = container_run_path(container, "exec");
	char *exit_file = container_run_path(container, "exit.json");
	char *socket = container_run_path(container, "monitor.sock");

	file_remove_tree_at(AT_FDCWD, path);
	file_remove_tree_at(AT_FDCWD, exit_file);
	file_remove_tree_at(AT_FDCWD, socket);
	int result = file_make_dirs(path, 0700);
	free(path);
	free(exit_file);
	free(socket);
	return result;
}

struct later {
	char id[ID_SIZE];
	life_done_fn done;
	void *context;
};

static void on_later(void *context)
{
	struct later *later = context;
	struct container *container = container_find(later->id, NULL);

	if (container) {
		container_start(container, later->done, later->context);
	} else {
		later->done(later->context, "the container has been removed", 404);
	}
	free(later);
}

/* Its last process is being cleaned up after: that ends by itself. */
static void start_later(struct container *container, life_done_fn done, void *context)
{
	struct later *later = memory_zeroed(1, sizeof(*later));

	memcpy(later->id, container->id, ID_SIZE);
	later->done = done;
	later->context = context;
	loop_after(LATER, on_later, later);
}

void container_start(struct container *container, life_done_fn done, void *context)
{
	char *error = NULL;

	if (container->is_ending && !container->is_removing) {
		start_later(container, done, context);
		return;
	}
	if (container->state.is_running || container->start) {
		done(context, "the container is running already", 304);
		return;
	}
	if (container->is_removing || container->state.is_dead) {
		done(context, "the container is being removed", 409);
		return;
	}
	if (container->restart_timer) {
		loop_cancel(container->restart_timer);
		container->restart_timer = NULL;
	}
	struct start *start = memory_zeroed(1, sizeof(*start));
	start->container = container;
	start->done = done;
	start->context = context;
	start->spec = container_spec(container);
	container->start = start;
	if (make_run_folder(container) < 0) {
		error = text_format("cannot make the folders of %s: %s", engine.run,
				    strerror(errno));
	} else if (rootfs_hold(container, &error) == 0) {
		start->has_rootfs = true;
		volume_fill(container, start->spec, on_filled, start);
		return;
	}
	start_failed(start, error);
}
