/* SPDX-License-Identifier: Apache-2.0 */
/* bh-monitor: runs one container through an OCI runtime and stays with it; see README.md. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/close_range.h>
#include "clients.h"
#include "ending.h"
#include "file.h"
#include "monitor.h"
#include "runtime_call.h"
#include "server.h"

#define REPORT_FD   3
#define HANDOVER_MS 1000

static struct monitor monitor = {
	.epoll = -1,
	.run_dir = -1,
	.report_fd = -1,
	.signals = {.fd = -1},
	.runtime_error = {.fd = -1},
	.init = {.fd = -1},
	.input = {.fd = -1},
	.console = {.fd = -1},
	.socket = {.fd = -1},
	.log = {.fd = -1},
};

/* Says it on standard error and in the report. */
static _Noreturn void refuse(int status, const char *text)
{
	fprintf(stderr, "bh-monitor: %s\n", text);
	ending_report(&monitor, text);
	exit(status);
}

static _Noreturn void refuse_errno(const char *what)
{
	refuse(1, text_format("%s: %s", what, strerror(errno)));
}

/* Nothing here is inherited by what is run; the report is there when descriptor 3 is open. */
static void take_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) {
			exit(1);
		}
	}
	monitor.report_fd = fcntl(REPORT_FD, F_GETFD) < 0 ? -1 : REPORT_FD;
	syscall(SYS_close_range, REPORT_FD, ~0u, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < STREAM_COUNT; i++) {
		monitor.streams[i].watch.fd = -1;
	}
	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		monitor.clients[i].watch.fd = -1;
	}
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		monitor.connections[i].watch.fd = -1;
	}
}

static void parse_options(int argc, char **argv)
{
	char *error;

	switch (monitor_options_parse(argc, argv, &monitor.options, &error)) {
	case OPTIONS_HELP:
		fputs(monitor_options_help, stdout);
		exit(0);
	case OPTIONS_VERSION:
		puts("bh-monitor 1");
		exit(0);
	case OPTIONS_BAD:
		refuse(2, text_format("%s; see bh-monitor --help", error));
	case OPTIONS_RUN:
		break;
	}
}

/* A monitor of the container that has written exit.json gives the socket back at once. */
static int open_server(void)
{
	int result = server_open(&monitor);

	for (int i = 0; result < 0 && errno == EADDRINUSE && i < HANDOVER_MS; i++) {
		if (faccessat(monitor.run_dir, "exit.json", F_OK, 0) < 0) {
			errno = EADDRINUSE;
			break;
		}
		usleep(1000);
		result = server_open(&monitor);
	}
	return result;
}

/* The run directory, its socket and the log: what can fail before anything is done. */
static void prepare(void)
{
	struct monitor_options *options = &monitor.options;
	char *dir = options->exec_id ? text_format("%s/exec/%s", options->run_dir, options->exec_id)
				     : text_copy(options->run_dir);

	if (file_make_dirs(dir, 0700) < 0) {
		refuse_errno(dir);
	}
	options->run_dir = realpath(options->run_dir, NULL);
	monitor.run_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!options->run_dir || monitor.run_dir < 0) {
		refuse_errno(dir);
	}
	if (open_server() < 0) {
		refuse_errno(text_format("%s/monitor.sock", dir));
	}
	monitor.log.path = options->log;
	monitor.log.max_size = options->log_max_size;
	monitor.log.max_files = options->log_max_file;
	if (options->log && log_file_open(&monitor.log) < 0) {
		refuse_errno(options->log);
	}
	unlinkat(monitor.run_dir, "exit.json", 0);
	free(dir);
}

/* Into the background: no terminal, no parent that waits, parent of what is orphaned below. */
static void leave_starter(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		refuse_errno("fork");
	}
	if (pid > 0) {
		_exit(0);
	}
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++) {
		dup2(null, fd);
	}
	if (null > 2) {
		close(null);
	}
}

/* Only what ends the container ends the monitor: no signal but SIGKILL and SIGSTOP gets through.
 */
static void take_signals(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	monitor.signals = (struct watch){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
		.source = SOURCE_SIGNAL,
	};
	monitor.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (monitor.signals.fd < 0 || monitor.epoll < 0) {
		refuse_errno("signalfd, epoll");
	}
	monitor_watch(&monitor, &monitor.signals, EPOLLIN);
	monitor_watch(&monitor, &monitor.socket, EPOLLIN);
}

int main(int argc, char **argv)
{
	take_descriptors();
	parse_options(argc, argv);
	prepare();
	leave_starter();
	take_signals();
	for (size_t i = 0; i < monitor.options.attach_count; i++) {
		clients_attach(&monitor, monitor.options.attach[i].fd,
			       &monitor.options.attach[i].options);
	}
	runtime_call_create(&monitor);
	monitor_loop(&monitor);
	return 0;
}
