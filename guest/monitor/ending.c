/* SPDX-License-Identifier: Apache-2.0 */
#include "ending.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clients.h"
#include "console.h"
#include "file.h"
#include "json.h"
#include "runtime_call.h"
#include "server.h"
#include "stdin.h"
#include "streams.h"

#define QUIET_MS     100   /* output of others that still have the pipe open: silence ends it, */
#define LINGER_MS    2000  /* and so does time */
#define START_MAX_MS 10000 /* for `start` to come back, once the process has ended */
#define CODE_UNKNOWN 255

void ending_report(struct monitor *monitor, const char *error)
{
	if (monitor->report_fd < 0) {
		return;
	}
	json *report = json_object_new_object();
	if (error) {
		json_set_string(report, "error", error);
	} else {
		json_set_int(report, "pid", monitor->init_pid);
		json_set_int(report, "monitor", getpid());
	}
	char *line = text_format("%s\n", json_text(report));
	(void)!write(monitor->report_fd, line, strlen(line));
	free(line);
	json_object_put(report);
	close(monitor->report_fd);
	monitor->report_fd = -1;
}

/* What the runtime left behind is nobody's container now. */
static void kill_processes(const struct monitor *monitor)
{
	struct text list = {0};
	char *path = text_format("/proc/self/task/%d/children", getpid());

	if (file_read_at(AT_FDCWD, path, &list, 65536) == 0) {
		char *rest = list.data;
		for (long pid; (pid = strtol(rest, &rest, 10)) > 1;) {
			kill((pid_t)pid, SIGKILL);
		}
	}
	text_free(&list);
	free(path);
	if (monitor->init.fd >= 0) {
		syscall(SYS_pidfd_send_signal, monitor->init.fd, SIGKILL, NULL, 0);
	}
}

void ending_failed(struct monitor *monitor, const char *error)
{
	bool was_created = monitor->phase != PHASE_CREATING;

	if (!monitor->error) {
		monitor->error = text_copy(error);
	}
	kill_processes(monitor);
	if (was_created) {
		ending_report(monitor, error);
		server_started(monitor, error);
		return; /* its process's end follows */
	}
	monitor->phase = PHASE_FAILED;
	monitor->is_early_error = false;
	text_free(&monitor->early_error);
	console_close(monitor);
	streams_close(monitor);
	stdin_close(monitor);
	monitor->is_ended = true;
	server_ended(monitor);
	if (monitor->options.exec_id) {
		/* The client has the stream already: there is no other place to say it. */
		char *words = text_format("OCI runtime exec failed: %s\r\n", error);
		clients_output(monitor, ATTACH_STDERR, words, strlen(words));
		free(words);
	}
	ending_report(monitor, error); /* the socket is free for another try now */
	clients_finish(monitor);
}

static void process_ended(struct monitor *monitor, int status)
{
	monitor->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	monitor->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	timestamp_now(monitor->finished);
	monitor->phase = PHASE_EXITED;
	monitor->exited_ms = timestamp_ms();
	monitor->last_output_ms = monitor->exited_ms;
	monitor_unwatch(monitor, &monitor->init);
	stdin_close(monitor);
	streams_drain(monitor);
}

void ending_lost(struct monitor *monitor)
{
	int status;

	if (!monitor->init_pid || monitor->phase == PHASE_EXITED) {
		return;
	}
	/* It may have become a child of ours since. */
	if (waitpid(monitor->init_pid, &status, WNOHANG) == monitor->init_pid) {
		process_ended(monitor, status);
		return;
	}
	if (!monitor->error) {
		monitor->error = text_copy("the process was no child of the monitor: its exit "
					   "status is not known");
	}
	process_ended(monitor, W_EXITCODE(CODE_UNKNOWN, 0));
}

void ending_find_process(struct monitor *monitor)
{
	siginfo_t info;

	if (waitid(P_PID, (id_t)monitor->init_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ||
	    errno != ECHILD) {
		return;
	}
	int fd = (int)syscall(SYS_pidfd_open, monitor->init_pid, 0);
	if (fd < 0) {
		ending_lost(monitor);
		return;
	}
	monitor->init = (struct watch){.fd = fd, .source = SOURCE_PROCESS};
	monitor_watch(monitor, &monitor->init, EPOLLIN);
}

void ending_reap(struct monitor *monitor)
{
	for (;;) {
		/* Until the process's pid is known, it stays unreaped. */
		bool is_creating = monitor->phase == PHASE_CREATING && monitor->runtime_pid;
		int status;
		pid_t pid = waitpid(is_creating ? monitor->runtime_pid : -1, &status, WNOHANG);
		if (pid < 0 && errno == EINTR) {
			continue;
		}
		if (pid <= 0) {
			return;
		}
		if (pid == monitor->runtime_pid) {
			runtime_call_ended(monitor, status);
		} else if (pid == monitor->init_pid && monitor->phase != PHASE_EXITED) {
			process_ended(monitor, status);
		}
	}
}

static void write_exit(struct monitor *monitor)
{
	json *object = json_object_new_object();

	json_set_int(object, "code", monitor->code);
	json_set_int(object, "signal", monitor->signal);
	json_set_string(object, "finished", monitor->finished);
	json_set_string(object, "started", monitor->started);
	if (monitor->error) {
		json_set_string(object, "error", monitor->error);
	}
	if (monitor->log.error) {
		json_set_string(object, "log_error", strerror(monitor->log.error));
	}
	const char *text = json_text(object);
	file_replace_at(monitor->run_dir, "exit.json", text, strlen(text), 0600, 0);
	json_object_put(object);
}

bool ending_tick(struct monitor *monitor, int64_t now_ms)
{
	if (monitor->phase != PHASE_EXITED || monitor->is_ended) {
		return false;
	}
	if (streams_are_open(monitor) && (now_ms - monitor->last_output_ms >= QUIET_MS ||
					  now_ms - monitor->exited_ms >= LINGER_MS)) {
		streams_close(monitor);
	}
	if (monitor->runtime_pid && now_ms - monitor->exited_ms >= START_MAX_MS) {
		kill(monitor->runtime_pid, SIGKILL);
	}
	if (streams_are_open(monitor) || monitor->runtime_pid) {
		return true;
	}
	streams_close(monitor);
	log_file_close(&monitor->log);
	write_exit(monitor);
	monitor->is_ended = true;
	server_ended(monitor);
	clients_finish(monitor);
	return clients_are_left(monitor);
}

bool ending_is_done(const struct monitor *monitor)
{
	return monitor->is_ended && !monitor->runtime_pid && !clients_are_left(monitor);
}
