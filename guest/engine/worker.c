/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"
#include "engine.h"
#include "file.h"
#include "loop.h"
#include "spawn.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORKER_LINE_MAX (64u * 1024 * 1024)

#define WORKER_ARGUMENTS (sizeof(((struct worker_call *)0)->arguments) / sizeof(char *))

static const char *const names[] = {[WORKER_IMAGE] = "bh-image", [WORKER_NETWORK] = "bh-network"};

struct worker {
	const char *name;
	pid_t pid;
	int report;
	struct loop_fd *watch;
	struct text line;
	json *last; /* the report's line with "result" or "error" */
	int status;
	bool is_dead; /* the process */

	worker_progress_fn progress;
	worker_done_fn done;
	void *context;
	void (*finished)(void *context);
	void *finished_context;
};

static void worker_free(struct worker *worker)
{
	if (worker->finished) {
		worker->finished(worker->finished_context);
	}
	json_object_put(worker->last);
	text_free(&worker->line);
	free(worker);
}

static void worker_finish(struct worker *worker)
{
	json *result = json_get_object(worker->last, "result");
	const char *error = json_get_string(worker->last, "error", NULL);
	char *words = NULL;

	if (!result && !error) {
		words = text_format("%s ended without a result (status %d)", worker->name,
				    worker->status);
		error = words;
	}
	worker->done(worker->context, result, result ? NULL : error,
		     json_get_string(worker->last, "kind", "io"));

	free(words);
	worker_free(worker);
}

static void take_line(struct worker *worker, const char *bytes, size_t length)
{
	const char *error;
	json *line = json_parse(bytes, length, &error);

	if (json_get(line, "result") || (json_get(line, "error") && json_get(line, "kind"))) {
		json_object_put(worker->last);
		worker->last = line;
		return;
	}
	if (line && worker->progress) {
		worker->progress(worker->context, line);
	}
	json_object_put(line);
}

static void take_lines(struct worker *worker)
{
	char *start = worker->line.data;
	char *end = start ? start + worker->line.length : NULL;
	char *newline;

	while (start && (newline = memchr(start, '\n', (size_t)(end - start)))) {
		take_line(worker, start, (size_t)(newline - start));
		start = newline + 1;
	}
	if (start && start != worker->line.data) {
		worker->line.length = (size_t)(end - start);
		memmove(worker->line.data, start, worker->line.length + 1);
	}
}

static void close_report(struct worker *worker)
{
	loop_remove_fd(worker->watch);
	worker->watch = NULL;
	close(worker->report);
	worker->report = -1;
}

static void on_report(void *context, uint32_t events)
{
	struct worker *worker = context;
	char block[16384];
	ssize_t count = read(worker->report, block, sizeof(block));

	(void)events;
	if (count > 0 && worker->line.length + (size_t)count <= WORKER_LINE_MAX) {
		text_add(&worker->line, block, (size_t)count);
		take_lines(worker);
		return;
	}
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (worker->line.length) {
		take_line(worker, worker->line.data, worker->line.length);
	}
	close_report(worker);
	if (worker->is_dead) {
		worker_finish(worker);
	}
}

static void on_exit_status(void *context, int status)
{
	struct worker *worker = context;

	worker->status = status;
	worker->is_dead = true;
	if (worker->report < 0) {
		worker_finish(worker);
	}
}

/* The request as a file at its start. */
static int request_file(json *request)
{
	const char *text = request ? json_text(request) : "{}";
	int fd = memfd_create("request", MFD_CLOEXEC);

	if (fd >= 0 && (file_write_all(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static pid_t start_process(const struct worker_call *call, int report, int request, int *pidfd)
{
	const char *name = names[call->program];
	char *path = engine_program(name);
	bool is_image = call->program == WORKER_IMAGE;
	const char *arguments[WORKER_ARGUMENTS + 3] = {name, is_image ? "--root" : "--run",
						       is_image ? engine.root : engine.run};
	struct spawn_fd fds[] = {
		{call->stdin_fd ? call->stdin_fd : -1, 0},
		{call->stdout_fd ? call->stdout_fd : -1, 1},
		{STDERR_FILENO, 2},
		{report, 3},
		{request, 4},
	};

	memcpy(&arguments[3], call->arguments, sizeof(call->arguments));
	struct spawn spawn = {
		.path = path,
		.argv = (char *const *)(uintptr_t)arguments,
		.fds = fds,
		.fd_count = sizeof(fds) / sizeof(fds[0]),
		.new_session = 1,
	};
	pid_t pid = spawn_start(&spawn, pidfd);
	free(path);
	return pid;
}

static void close_inputs(const struct worker_call *call, int request, int report)
{
	int fds[] = {call->stdin_fd ? call->stdin_fd : -1, call->stdout_fd ? call->stdout_fd : -1,
		     request, report};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		file_close(fds[i]);
	}
	json_object_put(call->request);
}

struct worker *worker_start(const struct worker_call *call)
{
	int report[2] = {-1, -1};
	int pidfd = -1;
	int request = request_file(call->request);
	pid_t pid = -1;

	if (request >= 0 && pipe2(report, O_CLOEXEC) == 0) {
		pid = start_process(call, report[1], request, &pidfd);
	}
	int error = errno;
	close_inputs(call, request, report[1]);
	if (pid < 0) {
		file_close(report[0]);
		char *words =
			text_format("cannot start %s: %s", names[call->program], strerror(error));
		call->done(call->context, NULL, words, "unavailable");
		free(words);
		if (call->finished) {
			call->finished(call->finished_context);
		}
		return NULL;
	}
	struct worker *worker = memory_zeroed(1, sizeof(*worker));
	worker->name = names[call->program];
	worker->report = report[0];
	worker->progress = call->progress;
	worker->done = call->done;
	worker->context = call->context;
	worker->finished = call->finished;
	worker->finished_context = call->finished_context;
	fcntl(report[0], F_SETFL, O_NONBLOCK);
	worker->watch = loop_add_fd(report[0], EPOLLIN, on_report, worker);
	worker->pid = pid;
	loop_add_child(pid, pidfd, on_exit_status, worker);
	return worker;
}

void worker_stop(struct worker *worker)
{
	if (!worker->is_dead) {
		kill(worker->pid, SIGTERM);
	}
}
