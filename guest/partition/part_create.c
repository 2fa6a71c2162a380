/* SPDX-License-Identifier: Apache-2.0 */
/* create, start, run. */
#include "part.h"

#include "file.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_PATIENCE 300 /* seconds: a partition boots, on whatever the machine is */

bool part_write_pid(pid_t pid)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", (int)pid);

	if (part.pid_file == NULL ||
	    file_replace_at(AT_FDCWD, part.pid_file, text, (size_t)length, 0644, 0) == 0) {
		return true;
	}
	part_fail("cannot write %s: %s", part.pid_file, strerror(errno));
	return false;
}

/* This process' own terminal, or a new one; -2: the process has none; -1: it has been said why. */
static int choose_terminal(const struct bundle *bundle)
{
	if (!bundle->has_terminal) {
		return -2;
	}
	if (part.console_socket != NULL) {
		return part_console();
	}
	if (strcmp(part.command, "run") == 0 && !part.is_detached && isatty(0)) {
		return fcntl(0, F_DUPFD_CLOEXEC, 3);
	}
	part_fail("process.terminal is true: --console-socket must say who gets the terminal");
	return -1;
}

/* The child keeps the partition; its pid, or -1. */
static pid_t fork_keeper(struct bundle *bundle, const char *id, int dir, int terminal)
{
	int report[2];
	char answer;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		part_fail("cannot start a process: %s", strerror(errno));
		return -1;
	}
	if (pid == 0) {
		close(report[0]);
		part_keep(bundle, id, dir, report[1], terminal);
	}
	close(report[1]);
	if (read(report[0], &answer, 1) != 1) { /* it has said why */
		(void)waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(report[0]);
	return pid;
}

static pid_t create(const char *id)
{
	static struct bundle bundle;
	char *error = NULL;
	int terminal;
	int dir;
	pid_t pid;

	if (!state_is_id(id)) {
		part_fail("%.64s is no ID: letters, digits and _+-. can be in it", id);
		return -1;
	}
	if (sandbox_exists(part.root, id)) {
		part_fail("container %s: there is a pod's sandbox of this ID", id);
		return -1;
	}
	if (!bundle_read(part.bundle, &bundle, &error)) {
		part_fail("%s", error);
		free(error);
		return -1;
	}
	dir = state_make(part.root, id);
	if (dir < 0) {
		part_fail(errno == EEXIST ? "container %s: there is one of this ID; `bh-partition "
					    "delete %s` removes it"
					  : "container %s: cannot make its folder below %s",
			  id, errno == EEXIST ? id : part.root);
		return -1;
	}
	terminal = choose_terminal(&bundle);
	pid = terminal == -1 ? -1 : fork_keeper(&bundle, id, dir, terminal);
	if (pid < 0 || !part_write_pid(pid)) {
		state_remove(part.root, id);
	}
	bundle_drop(&bundle);
	return pid;
}

int part_create(void)
{
	return create(part.words[0]) > 0 ? 0 : 1;
}

int part_start_one(const char *id)
{
	struct control message = {.op = CONTROL_START};
	struct timeval patience = {.tv_sec = START_PATIENCE};
	int fds[CONTROL_FDS];
	json *state;
	int dir = part_open(id, &state);
	int socket;

	if (dir < 0) {
		return 1;
	}
	socket = control_connect(dir);
	json_object_put(state);
	close(dir);
	if (socket < 0) {
		return part_fail("container %s: it has ended; delete it", id);
	}
	(void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!control_send(socket, &message, NULL, 0) ||
	    control_receive(socket, &message, fds, 0) < 0) {
		memcpy(message.text, "no answer", sizeof("no answer"));
		message.op = CONTROL_FAILED;
	}
	close(socket);
	return message.op == CONTROL_STARTED ? 0 : part_fail("container %s: %s", id, message.text);
}

int part_start(void)
{
	return part_start_one(part.words[0]);
}

/* Passes on what comes here, until the keeper ends. */
static int wait_keeper(pid_t pid)
{
	struct signalfd_siginfo info;
	struct pollfd polled[2] = {{.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN},
				   {.fd = part_signals(), .events = POLLIN}};
	int status = 0;

	while (poll(polled, 2, -1) >= 0 && polled[0].revents == 0) {
		if (read(polled[1].fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			(void)kill(pid, (int)info.ssi_signo);
		}
	}
	(void)waitpid(pid, &status, 0);
	close(polled[0].fd);
	close(polled[1].fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void print_timing(const char *id)
{
	json *state = NULL;
	int dir = state_open(part.root, id);

	if (dir >= 0 && (state = state_load(dir)) != NULL) {
		fprintf(stderr, "timing of %s, in ticks of the TSC: %s\n", id,
			json_get_string(json_get_object(state, "annotations"), "bulkhead.timing",
					""));
		json_object_put(state);
	}
	close(dir);
}

int part_run(void)
{
	const char *id = part.words[0];
	pid_t pid = create(id);
	bool is_own;
	int result;

	if (pid < 0) {
		return 1;
	}
	is_own = !part.is_detached && part.console_socket == NULL;
	if (is_own) {
		part_terminal_raw();
	}
	result = part_start_one(id);
	if (part.is_detached && result == 0) {
		return 0;
	}
	if (result != 0) {
		(void)part_delete_one(id, true);
		part_terminal_restore();
		return result;
	}
	result = wait_keeper(pid);
	part_terminal_restore();
	if (part.is_timed) {
		print_timing(id);
	}
	(void)part_delete_one(id, true);
	return result;
}
