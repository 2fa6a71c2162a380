/* SPDX-License-Identifier: Apache-2.0 */
/* RUN: a container of the image, its output in the stream, its changes the next layer. */
#include "attach.h"
#include "attach_frame.h"
#include "build.h"
#include "container_create.h"
#include "create_config.h"
#include "file.h"
#include "life.h"
#include "loop.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_ 16384 /* a longer one is told in parts */

struct run {
	struct build *build;
	int fd; /* our end of its output; -1: closed */
	struct loop_fd *watch;
	struct attach_frames frames;

	struct text pending; /* a line, or the part of a character */
	bool has_ended;      /* the container */
	int code;
};

struct container *build_container(struct build *build, json *command)
{
	return build_container_of(build, build->image, command);
}

struct container *build_container_of(struct build *build, const char *image, json *command)
{
	json *body = json_object_new_object();
	char *error = NULL;
	unsigned status;

	json_set_string(body, "Image", image);
	json_set(body, "Cmd", command);
	json_set(body, "Entrypoint", json_object_new_array());
	json_set(body, "Env", build_run_env(build));
	json_set_string(body, "WorkingDir", json_get_string(build->config, "WorkingDir", ""));
	json_set_string(body, "User", json_get_string(build->config, "User", ""));
	json_set(body, "HostConfig", json_object_get(build->host));
	struct container *container = container_create(body, image, NULL, &error, &status);
	json_object_put(body);
	if (container) {
		build->container = container;
	} else {
		build_fail(build, "%s", error);
		free(error);
	}
	return container;
}

void build_remove_container(struct build *build)
{
	struct container *container = build->container;

	build->container = NULL;
	container_remove(container, true, true, life_log, NULL);
}

static void flush_line(struct run *run)
{
	if (run->pending.length) {
		build_say(run->build, "%s", run->pending.data);
		run->pending.length = 0;
		run->pending.data[0] = '\0';
	}
}

/* Whole lines are told; a byte 0 would end the text, so it is told as '?'. */
static bool take_output(void *context, enum attach_stream stream, const char *bytes, size_t length)
{
	struct run *run = context;

	(void)stream;
	for (size_t i = 0; i < length; i++) {
		text_add(&run->pending, bytes[i] ? &bytes[i] : "?", 1);
		if (bytes[i] == '\n' || run->pending.length >= LINE_MAX_) {
			flush_line(run);
		}
	}
	return true;
}

static char *shown_command(const struct instruction *one)
{
	struct text words = {0};

	text_puts(&words, one->is_exec ? "" : "/bin/sh -c ");
	for (size_t i = 0; i < one->word_count; i++) {
		text_printf(&words, "%s%s", i ? " " : "", one->words[i]);
	}
	return words.data;
}

/* When both the output and the container have ended. */
static void end_run(struct run *run)
{
	struct build *build = run->build;
	int code = run->code;

	if (!run->has_ended || run->fd >= 0) {
		return;
	}
	flush_line(run);
	text_free(&run->pending);
	free(run);
	if (code != 0) {
		char *words = shown_command(build->instruction);
		build_fail(build, "The command '%s' returned a non-zero code: %d", words, code);
		free(words);
		return;
	}
	build_say(build, "Removing intermediate container %.12s\n", build->container->id);
	build_commit(build, build->container);
}

static void on_output(void *context, uint32_t events)
{
	struct run *run = context;
	char block[16384];
	ssize_t count = read(run->fd, block, sizeof(block));

	(void)events;
	if (count > 0) {
		attach_frames_read(&run->frames, block, (size_t)count, take_output, run);
		if (run->build->progress.is_gone && !run->has_ended) {
			container_kill(run->build->container, 9, life_log, NULL);
		}
	} else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
		loop_remove_fd(run->watch);
		run->watch = NULL;
		close(run->fd);
		run->fd = -1;
		end_run(run);
	}
}

static void on_exit_code(void *context, int code)
{
	struct run *run = context;

	run->has_ended = true;
	run->code = code;
	end_run(run);
}

static void on_started(void *context, const char *error, unsigned status)
{
	struct run *run = context;
	struct build *build = run->build;

	(void)status;
	if (error) {
		/* The output may have ended before. */
		loop_remove_fd(run->watch);
		file_close(run->fd);
		text_free(&run->pending);
		free(run);
		build_fail(build, "%s", error);
	} else {
		container_wait_add(build->container, WAIT_NOT_RUNNING, on_exit_code, run);
	}
}

static bool attach_output(struct run *run)
{
	int ends[2];
	struct attach *attach;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		return false;
	}
	attach = memory_zeroed(1, sizeof(*attach));
	attach->container = run->build->container;
	attach->fd = ends[1];
	memcpy(attach->flags, "oe", 3);
	attach->next = run->build->container->attaches;
	run->build->container->attaches = attach;
	run->fd = ends[0];
	run->watch = loop_add_fd(run->fd, EPOLLIN, on_output, run);
	return run->watch != NULL;
}

static json *run_command(struct build *build)
{
	const struct instruction *one = build->instruction;
	json *command = json_object_new_array();

	if (!one->is_exec) {
		shell_append(command, json_get_array(build->config, "Shell"));
	}

	for (size_t i = 0; i < one->word_count; i++) {
		json_append_string(command, one->words[i]);
	}
	return command;
}

/* As docker's history tells it: the arguments it depends on stand in front. */
static void set_created_by(struct build *build)
{
	char *command = shown_command(build->instruction);
	struct text words = {0};
	int count = json_object_object_length(build->args);

	if (count) {
		text_printf(&words, "|%d ", count);
		json_object_object_foreach(build->args, name, value)
		{
			text_printf(&words, "%s=%s ", name, json_object_get_string(value));
		}
	}
	text_puts(&words, command);
	free(command);
	free(build->created_by);
	build->created_by = words.data;
}

void build_run(struct build *build)
{
	if (!*build->image) {
		build_fail(build, "RUN needs an image: scratch is empty");
		return;
	}
	set_created_by(build);
	char *cached = build_cached(build, json_text(build->args));
	if (cached) {
		build_say(build, " ---> Using cache\n");
		build_done_with(build, cached);
		free(cached);
		return;
	}
	if (!build_container(build, run_command(build))) {
		return;
	}
	build_say(build, " ---> Running in %.12s\n", build->container->id);
	struct run *run = memory_zeroed(1, sizeof(*run));
	run->build = build;
	run->fd = -1;
	if (!attach_output(run)) {
		free(run);
		build_fail(build, "cannot watch its output: %s", strerror(errno));
		return;
	}
	container_start(build->container, on_started, run);
}
