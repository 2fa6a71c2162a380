/* SPDX-License-Identifier: Apache-2.0 */
/* bh-init: pid 1 of a container with --init. Runs the program behind "--", hands signals on, reaps.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its own session, with the terminal if there is one. */
static _Noreturn void run(char **argv, const sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	setpgid(0, 0);
	if (isatty(STDIN_FILENO)) {
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(STDIN_FILENO, getpid());
		signal(SIGTTOU, SIG_DFL);
	}
	execvp(argv[0], argv);
	fprintf(stderr, "bh-init: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* All that have ended; the program's own status ends us. -1: it runs still. */
static int reap(pid_t program)
{
	int status;
	pid_t pid;
	int result = -1;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == program) {
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
	}
	return result;
}

int main(int argc, char **argv)
{
	sigset_t all;
	sigset_t old;
	int first = argc > 1 && !strcmp(argv[1], "--") ? 2 : 1;

	if (first >= argc) {
		fputs("Usage: bh-init -- PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid_t program = fork();
	if (program < 0) {
		perror("bh-init: fork");
		return 1;
	}
	if (program == 0) {
		run(argv + first, &old);
	}
	for (;;) {
		int number = 0;
		sigwait(&all, &number);
		if (number != SIGCHLD) {
			kill(program, number);
			continue;
		}
		int status = reap(program);
		if (status >= 0) {
			return status;
		}
	}
}
