/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>
#include "console.h"
#include "ending.h"
#include "file.h"
#include "runtime_error.h"
#include "server.h"
#include "spawn.h"
#include "stdin.h"
#include "streams.h"

#define PID_FILE    "init.pid"
#define WORDS_LIMIT 65536 /* bytes of the runtime's error output that are kept */

/* Descriptors of a call; -1: none. */
struct pipes {
	int stdin_read;
	int out_write;
	int error_write;
};

/* A pipe of which `mine` does not block. */
static int make_pipe(int *read_end, int *write_end, int **mine)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -1;
	}
	*read_end = ends[0];
	*write_end = ends[1];
	return fcntl(**mine, F_SETFL, O_NONBLOCK);
}

static int open_error_pipe(struct monitor *monitor, struct pipes *pipes)
{
	int read_end = -1;
	int *mine = &read_end;

	if (make_pipe(&read_end, &pipes->error_write, &mine) < 0) {
		return -1;
	}
	monitor->runtime_error = (struct watch){.fd = read_end, .source = SOURCE_RUNTIME_ERROR};
	monitor_watch(monitor, &monitor->runtime_error, EPOLLIN);
	return 0;
}

/* Input, output and error output of the process itself. */
static int open_stdio(struct monitor *monitor, struct pipes *pipes)
{
	int end = -1;
	int *mine = &end;

	if (monitor->options.has_stdin) {
		if (make_pipe(&pipes->stdin_read, &end, &mine) < 0) {
			return -1;
		}
		stdin_open(monitor, end);
	}
	if (make_pipe(&end, &pipes->out_write, &mine) < 0) {
		return -1;
	}
	streams_open(monitor, 0, end);
	if (make_pipe(&end, &pipes->error_write, &mine) < 0) {
		return -1;
	}
	streams_open(monitor, 1, end);
	monitor->is_early_error = true;
	return 0;
}

static void close_one(int fd)
{
	file_close(fd);
}

/* Starts RUNTIME ARGS with the words that follow, up to NULL. */
static int run(struct monitor *monitor, const char *const *words, const struct pipes *pipes)
{
	const struct monitor_options *options = &monitor->options;
	const char **argv = memory_zeroed(options->runtime_arg_count + 16, sizeof(char *));
	size_t count = 0;
	struct spawn_fd fds[] = {
		{pipes->stdin_read, 0}, {pipes->out_write, 1}, {pipes->error_write, 2}};

	argv[count++] = options->runtime;
	for (size_t i = 0; i < options->runtime_arg_count; i++) {
		argv[count++] = options->runtime_args[i];
	}
	while (*words) {
		argv[count++] = *words++;
	}
	struct spawn spawn = {
		.path = options->runtime,
		.argv = (char *const *)argv,
		.fds = fds,
		.fd_count = sizeof(fds) / sizeof(fds[0]),
	};
	pid_t pid = spawn_start(&spawn, NULL);
	int error = errno;
	free(argv);
	if (pid < 0) {
		char *text =
			text_format("%s: cannot be run: %s", options->runtime, strerror(error));
		ending_failed(monitor, text);
		free(text);
		return -1;
	}
	monitor->runtime_pid = pid;
	text_free(&monitor->runtime_words);
	return 0;
}

static void run_create(struct monitor *monitor, const struct pipes *pipes, const char *pid_file,
		       const char *console)
{
	const struct monitor_options *options = &monitor->options;
	const char *words[12];
	size_t count = 0;

	words[count++] = options->exec_process ? "exec" : "create";
	words[count++] = options->exec_process ? "--process" : "--bundle";
	words[count++] = options->exec_process ? options->exec_process : options->bundle;
	words[count++] = "--pid-file";
	words[count++] = pid_file;
	if (console) {
		words[count++] = "--console-socket";
		words[count++] = console;
	}
	if (options->exec_process) {
		words[count++] = "-d";
	}
	words[count++] = options->id;
	words[count] = NULL;
	run(monitor, words, pipes);
}

void runtime_call_create(struct monitor *monitor)
{
	const struct monitor_options *options = &monitor->options;
	struct pipes pipes = {-1, -1, -1};
	char *console = NULL;
	char *pid_file = options->exec_id ? text_format("%s/exec/%s/" PID_FILE, options->run_dir,
							options->exec_id)
					  : text_format("%s/" PID_FILE, options->run_dir);

	unlinkat(monitor->run_dir, PID_FILE, 0);
	monitor->is_input_open = options->has_stdin;
	int result =
		options->is_tty ? console_open(monitor, &console) : open_stdio(monitor, &pipes);
	if (result == 0 && options->is_tty) {
		result = open_error_pipe(monitor, &pipes);
	}
	if (result < 0) {
		ending_failed(monitor, "no pipe or console socket could be made");
	} else {
		timestamp_now(monitor->started); /* of a session; start sets it anew */
		run_create(monitor, &pipes, pid_file, console);
	}
	close_one(pipes.stdin_read);
	close_one(pipes.out_write);
	close_one(pipes.error_write);
	free(console);
	free(pid_file);
}

void runtime_call_start(struct monitor *monitor)
{
	const char *const words[] = {"start", monitor->options.id, NULL};
	struct pipes pipes = {-1, -1, -1};

	monitor->phase = PHASE_STARTING;
	timestamp_now(monitor->started);
	if (open_error_pipe(monitor, &pipes) < 0) {
		ending_failed(monitor, "no pipe could be made");
		return;
	}
	run(monitor, words, &pipes);
	close_one(pipes.error_write);
}

void runtime_call_error_ready(struct monitor *monitor)
{
	char bytes[4096];
	ssize_t count = 1;

	while (monitor->runtime_error.fd >= 0 && count > 0) {
		count = read(monitor->runtime_error.fd, bytes, sizeof(bytes));
		if (count > 0 && monitor->runtime_words.length < WORDS_LIMIT) {
			text_add(&monitor->runtime_words, bytes, (size_t)count);
		} else if (count == 0 || (count < 0 && errno != EAGAIN)) {
			monitor_unwatch(monitor, &monitor->runtime_error);
		}
	}
}

/* What the runtime said, or how it ended when it said nothing; the caller frees it. */
static char *failure_text(struct monitor *monitor, int status)
{
	const struct text *words =
		monitor->is_early_error ? &monitor->early_error : &monitor->runtime_words;
	char *text = runtime_error_text(words->data ? words->data : "", words->length);

	if (!*text) {
		free(text);
		text = WIFSIGNALED(status)
			       ? text_format("%s was killed by signal %d", monitor->options.runtime,
					     WTERMSIG(status))
			       : text_format("%s failed without a word, exit status %d",
					     monitor->options.runtime, WEXITSTATUS(status));
	}
	return text;
}

static pid_t read_pid(const struct monitor *monitor)
{
	struct text text = {0};
	long pid = 0;

	if (file_read_at(monitor->run_dir, PID_FILE, &text, 32) == 0) {
		pid = strtol(text.data, NULL, 10);
	}
	text_free(&text);
	return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static void created(struct monitor *monitor)
{
	const char *error = NULL;

	monitor->init_pid = read_pid(monitor);
	if (!monitor->init_pid) {
		error = "the runtime wrote no pid file";
	} else if (monitor->options.is_tty && !console_is_here(monitor)) {
		error = "the runtime sent no terminal to the console socket";
	}
	if (error) {
		ending_failed(monitor, error);
		return;
	}
	streams_release_early(monitor);
	monitor->phase = monitor->options.exec_process ? PHASE_RUNNING : PHASE_CREATED;
	ending_find_process(monitor);
	if (monitor->phase == PHASE_CREATED &&
	    (monitor->options.is_started || server_waits_for_start(monitor))) {
		runtime_call_start(monitor);
	} else {
		ending_report(monitor, NULL);
	}
}

void runtime_call_ended(struct monitor *monitor, int status)
{
	monitor->runtime_pid = 0;
	runtime_call_error_ready(monitor);
	monitor_unwatch(monitor, &monitor->runtime_error);
	if (monitor->is_early_error) {
		streams_ready(monitor, 1); /* its last words */
	}
	if (status != 0) {
		char *text = failure_text(monitor, status);
		ending_failed(monitor, text);
		free(text);
	} else if (monitor->phase == PHASE_CREATING) {
		created(monitor);
	} else {
		if (monitor->phase == PHASE_STARTING) {
			monitor->phase = PHASE_RUNNING;
		}
		ending_report(monitor, NULL);
		server_started(monitor, NULL);
	}
}
