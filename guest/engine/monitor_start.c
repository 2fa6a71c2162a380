/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a monitor, which starts the process. */
#include "engine.h"
#include "file.h"
#include "loop.h"
#include "monitor.h"
#include "runtime_call.h"
#include "spawn.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ARGUMENTS_MAX 64
#define ATTACH_MAX    8
#define ATTACH_FD     5
#define REPORT_MAX    65536

struct arguments {
	char *list[ARGUMENTS_MAX];
	size_t count;
};

struct report {
	int fd;
	struct loop_fd *watch;
	struct text text;
	monitor_started_fn started;
	void *context;
};

static void add(struct arguments *arguments, const char *text)
{
	if (arguments->count < ARGUMENTS_MAX - 1) {
		arguments->list[arguments->count++] = text_copy(text);
	}
}

static void add_pair(struct arguments *arguments, const char *option, char *value)
{
	add(arguments, option);
	add(arguments, value);
	free(value);
}

static void add_optional(struct arguments *arguments, const char *option, const char *value)
{
	if (value && *value) {
		add(arguments, option);
		add(arguments, value);
	}
}

static void make_arguments(const struct monitor_call *call, const char *runtime,
			   struct arguments *arguments)
{
	struct container *container = call->container;

	add(arguments, "bh-monitor");
	add_optional(arguments, "--id", container->id);
	add_optional(arguments, "--runtime", runtime);
	add_optional(arguments, "--runtime-arg", "--root");
	add_pair(arguments, "--runtime-arg", runtime_state_path());
	add_pair(arguments, "--bundle", container_path(container, "bundle"));
	add_pair(arguments, "--run-dir", monitor_folder(container, NULL));
	if (call->has_tty) {
		add(arguments, "--tty");
	}
	if (call->has_stdin) {
		add(arguments, "--stdin");
	}
	if (call->has_stdin_once) {
		add(arguments, "--stdin-once");
	}
	add_optional(arguments, "--detach-keys", call->detach_keys);
	add_optional(arguments, "--log", call->log);
	add_optional(arguments, "--log-max-size", call->log_max_size);
	add_optional(arguments, "--log-max-file", call->log_max_file);
	add_optional(arguments, "--exec", call->process);
	add_optional(arguments, "--exec-id", call->exec_id);
	for (size_t i = 0; i < call->attach_count && i < ATTACH_MAX; i++) {
		add_pair(arguments, "--attach",
			 text_format("%zu:%s", ATTACH_FD + i, call->attaches[i].flags));
	}
	if (!call->exec_id) {
		add(arguments, "--start");
	}
}

static void report_finish(struct report *report, pid_t pid, const char *error)
{
	loop_remove_fd(report->watch);
	close(report->fd);
	report->started(report->context, pid, error);
	text_free(&report->text);
	free(report);
}

static void report_parse(struct report *report)
{
	const char *words;
	json *object = report->text.length
			       ? json_parse(report->text.data, report->text.length, &words)
			       : NULL;
	pid_t pid = (pid_t)json_get_int(object, "pid", 0);
	const char *error = json_get_string(object, "error", NULL);

	if (pid <= 0 && !error) {
		error = "bh-monitor ended without a report";
	}
	report_finish(report, error ? 0 : pid, error);
	json_object_put(object);
}

static void on_report(void *context, uint32_t events)
{
	struct report *report = context;
	char block[4096];
	ssize_t count = read(report->fd, block, sizeof(block));

	(void)events;
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (count > 0 && report->text.length < REPORT_MAX) {
		text_add(&report->text, block, (size_t)count);
		if (!memchr(block, '\n', (size_t)count)) {
			return;
		}
	}
	report_parse(report);
}

static pid_t start(const struct monitor_call *call, const char *runtime, int report, int *pidfd)
{
	struct arguments arguments = {.count = 0};
	struct spawn_fd fds[4 + ATTACH_MAX] = {{-1, 0}, {-1, 1}, {STDERR_FILENO, 2}, {report, 3}};
	size_t count = 4;
	char *program = engine_program("bh-monitor");

	make_arguments(call, runtime, &arguments);
	for (size_t i = 0; i < call->attach_count && i < ATTACH_MAX; i++) {
		fds[count].fd = call->attaches[i].fd;
		fds[count++].as = ATTACH_FD + (int)i;
	}
	struct spawn spawn = {
		.path = program,
		.argv = arguments.list,
		.directory = "/",
		.fds = fds,
		.fd_count = count,
		.new_session = 1,
	};
	pid_t pid = spawn_start(&spawn, pidfd);
	int error = errno;
	for (size_t i = 0; i < arguments.count; i++) {
		free(arguments.list[i]);
	}
	free(program);
	errno = error;
	return pid;
}

static void ignore_end(void *context, int status)
{
	(void)context;
	(void)status; /* it goes on as a daemon; its report has told all */
}

static void fail(monitor_started_fn started, void *context, const char *what)
{
	char *words = text_format("cannot start bh-monitor: %s", what);

	started(context, 0, words);
	free(words);
}

void monitor_start(const struct monitor_call *call, monitor_started_fn started, void *context)
{
	int pipes[2] = {-1, -1};
	int pidfd = -1;
	char *runtime = runtime_path(call->container);
	pid_t pid = -1;

	errno = ENOENT;
	if (runtime && pipe2(pipes, O_CLOEXEC) == 0) {
		pid = start(call, runtime, pipes[1], &pidfd);
	}
	int error = errno;
	free(runtime);
	for (size_t i = 0; i < call->attach_count; i++) {
		close(call->attaches[i].fd);
	}
	file_close(pipes[1]);
	if (pid < 0) {
		file_close(pipes[0]);
		fail(started, context, strerror(error));
		return;
	}
	loop_add_child(pid, pidfd, ignore_end, NULL);
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	struct report *report = memory_zeroed(1, sizeof(*report));
	report->fd = pipes[0];
	report->started = started;
	report->context = context;
	report->watch = loop_add_fd(pipes[0], EPOLLIN, on_report, report);
}
