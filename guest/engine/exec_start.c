/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the process of an exec, and its end. */
#include "attach.h"
#include "attach_frame.h"
#include "exec_inside.h"
#include "exec_process.h"
#include "file.h"
#include "text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void exec_over(struct exec *exec, const struct monitor_end *end)
{
	if (exec->is_running) {
		exec->is_running = false;
		exec->exit_code = end->code;
		exec_event(exec, "exec_die");
		char *folder = monitor_folder(exec->container, exec->id);
		file_remove_tree_at(AT_FDCWD, folder);
		free(folder);
	}
}

static void on_end(void *context, const struct monitor_end *end)
{
	struct exec *exec = context;

	exec->wait = NULL;
	exec_over(exec, end);
}

/* The connection is the client's already: what went wrong is told in the stream. */
static void tell_failure(struct exec *exec, const char *error)
{
	char *words = text_format("OCI runtime exec failed: %s\r\n", error);
	size_t length = strlen(words);
	unsigned char header[ATTACH_FRAME_SIZE];

	attach_frame_header(ATTACH_STDERR, (uint32_t)length, header);

	if (!exec->has_tty) {
		(void)!write(exec->client, header, sizeof(header));
	}
	(void)!write(exec->client, words, length);
	free(words);
}

static void on_started(void *context, pid_t pid, const char *error)
{
	struct exec *exec = context;
	struct request *request = exec->request;

	exec->request = NULL;
	if (error) {
		bool is_missing = strstr(error, "not found") || strstr(error, "o such file");
		exec->exit_code = is_missing ? 127 : 126;
		exec->is_running = false;
		if (request) {
			reply_error(request, is_missing ? 400 : 500, "OCI runtime exec failed: %s",
				    error);
		} else if (exec->client >= 0) {
			tell_failure(exec, error);
		}
	} else {
		exec->pid = pid;
		if (exec->container) {
			exec_event(exec, "exec_start");
		}
		if (request) {
			reply_empty(request, 200);
		}
	}
	if (exec->client >= 0) {
		close(exec->client);
		exec->client = -1;
	}
	if (!exec->container) {
		exec_free(exec);
	} else if (!error) {
		char *folder = monitor_folder(exec->container, exec->id);
		struct monitor_wait *wait = monitor_wait(folder, on_end, exec);
		exec->wait = wait && exec->is_running ? wait : NULL;
		free(folder);
	}
}

/* `fd` is the client's connection, taken, or -1. */
static void exec_run(struct exec *exec, int fd)
{
	struct container *container = exec->container;
	char flags[8];
	struct monitor_attach attach = {.fd = fd, .flags = flags};
	char *error = NULL;
	char *process = exec_write_process(container, exec->config, exec->id, &error);

	exec->is_running = true;
	exec->client = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 16) : -1;
	attach_make_flags(flags, json_get_bool(exec->config, "AttachStdin", false),
			  json_get_bool(exec->config, "AttachStdout", false) || exec->has_tty,
			  json_get_bool(exec->config, "AttachStderr", false), exec->has_tty);
	if (!process) {
		file_close(fd);
		on_started(exec, 0, error);
		free(error);
		return;
	}
	struct monitor_call call = {
		.container = container,
		.exec_id = exec->id,
		.process = process,
		.has_tty = exec->has_tty,
		.has_stdin = json_get_bool(exec->config, "AttachStdin", false),
		.detach_keys = json_get_string(exec->config, "DetachKeys", NULL),
		.attaches = &attach,
		.attach_count = fd >= 0 ? 1 : 0,
	};
	monitor_start(&call, on_started, exec);
	free(process);
}

static void on_taken(void *context, int fd, const char *extra, size_t extra_length)
{
	struct exec *exec = exec_find(context);

	(void)extra;
	(void)extra_length;
	free(context);
	if (exec && fd >= 0 && exec->container->state.is_running) {
		exec_run(exec, fd);
	} else {
		file_close(fd);
	}
}

void exec_post_start(struct request *request)
{
	struct exec *exec = exec_of_request(request);

	if (!exec) {
		return;
	}
	if (exec->is_started) {
		reply_error(request, 409, "exec %s has been started already", exec->id);
		return;
	}
	if (!exec->container->state.is_running || exec->container->is_ending) {
		reply_error(request, 409, "container %s is not running", exec->container->id);
		return;
	}
	exec->is_started = true;
	if (json_get_bool(request_body(request), "Detach", false)) {
		exec->request = request;
		exec_run(exec, -1);
		return;
	}
	reply_hijack(request, attach_type(request, exec->has_tty), on_taken, text_copy(exec->id));
}
