/* SPDX-License-Identifier: Apache-2.0 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sched.h>

#define SPAWN_FD_MAX 16

/* Puts the named descriptors where they belong; they are moved out of the way first. */
static int place_fds(const struct spawn *spawn)
{
	int moved[SPAWN_FD_MAX];

	for (int i = 0; i < SPAWN_FD_MAX; i++) {
		moved[i] = -1;
	}
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < spawn->fd_count; i++) {
		int from = spawn->fds[i].fd < 0 ? null : spawn->fds[i].fd;
		if (spawn->fds[i].as < 0 || spawn->fds[i].as >= SPAWN_FD_MAX) {
			errno = EINVAL;
			return -1;
		}
		moved[spawn->fds[i].as] = fcntl(from, F_DUPFD_CLOEXEC, SPAWN_FD_MAX + 1);
		if (moved[spawn->fds[i].as] < 0) {
			return -1;
		}
	}
	for (int i = 0; i < SPAWN_FD_MAX; i++) {
		int from = moved[i] >= 0 ? moved[i] : i < 3 ? null : -1;
		if (from < 0) {
			continue;
		}
		if (from == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(from, i) < 0) {
			return -1;
		}
	}
	for (int i = 3; i < SPAWN_FD_MAX; i++) {
		if (moved[i] < 0) {
			fcntl(i, F_SETFD, FD_CLOEXEC);
		}
	}
	return (int)syscall(SYS_close_range, SPAWN_FD_MAX, ~0u, CLOSE_RANGE_CLOEXEC);
}

static _Noreturn void run_child(const struct spawn *spawn, int report)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < NSIG; signal_number++) {
		signal(signal_number, SIG_DFL);
	}
	sigemptyset(&none);
	int kept = fcntl(report, F_DUPFD_CLOEXEC, 64);
	int failed = kept < 0 || place_fds(spawn) < 0 || (spawn->new_session && setsid() < 0) ||
		     (spawn->directory && chdir(spawn->directory) < 0) ||
		     sigprocmask(SIG_SETMASK, &none, NULL) < 0;
	if (!failed) {
		execvpe(spawn->path, spawn->argv, spawn->env ? spawn->env : environ);
	}
	int error = errno;
	(void)!write(kept < 0 ? report : kept, &error, sizeof(error));
	_exit(127);
}

pid_t spawn_start(const struct spawn *spawn, int *pidfd)
{
	int report[2];
	int child_fd = -1;
	struct clone_args arguments = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&child_fd,
		.exit_signal = SIGCHLD,
	};

	if (pipe2(report, O_CLOEXEC) < 0) {
		return -1;
	}
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (pid == 0) {
		run_child(spawn, report[1]);
	}
	int error = errno;
	close(report[1]);
	ssize_t count = pid < 0 ? 0 : read(report[0], &error, sizeof(error));
	close(report[0]);
	if (count == (ssize_t)sizeof(error)) {
		waitpid(pid, NULL, 0);
		close(child_fd);
		pid = -1;
	}
	if (pid < 0) {
		errno = error;
		return -1;
	}
	if (pidfd) {
		*pidfd = child_fd;
	} else {
		close(child_fd);
	}
	return pid;
}

int spawn_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return -1;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
