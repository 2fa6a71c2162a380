/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bh-init: process 1 of a container that asks for one (`docker run --init`). Starts the program,
 * hands signals on to it, reaps what is left to process 1, and ends with the program's status.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_USAGE     2
#define EXIT_NO_EXEC   126
#define EXIT_NOT_FOUND 127

/* Faults of this program itself are not the child's. */
static void block_signals(sigset_t *all, sigset_t *old)
{
	static const int own[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};

	sigfillset(all);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		sigdelset(all, own[i]);
	}
	sigprocmask(SIG_SETMASK, all, old);
}

static _Noreturn void run_program(char **argv, const sigset_t *mask)
{
	/* A group of its own in the foreground, so that the terminal's signals reach it once. */
	if (setpgid(0, 0) == 0 && isatty(STDIN_FILENO)) {
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(STDIN_FILENO, getpgrp());
		signal(SIGTTOU, SIG_DFL);
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "bh-init: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_EXEC);
}

/* Takes all that have ended. True: the program is among them, *status is its exit status. */
static int reap(pid_t program, int *status)
{
	int is_over = 0;
	int how;

	for (pid_t pid; (pid = waitpid(-1, &how, WNOHANG)) > 0;) {
		if (pid == program) {
			*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
			is_over = 1;
		}
	}
	return is_over;
}

int main(int argc, char **argv)
{
	sigset_t all, old;
	int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;

	if (argc <= first) {
		fputs("usage: bh-init [--] PROGRAM [ARGUMENT...]\n"
		      "Runs it as the child of process 1; ends with its status.\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (getpid() != 1) {
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	}
	block_signals(&all, &old);
	pid_t program = fork();
	if (program < 0) {
		fprintf(stderr, "bh-init: cannot start a process: %s\n", strerror(errno));
		return 1;
	}
	if (program == 0) {
		run_program(argv + first, &old);
	}
	for (;;) {
		int status = 0;
		int number = sigwaitinfo(&all, NULL);
		if (number == SIGCHLD && reap(program, &status)) {
			return status;
		}
		if (number > 0 && number != SIGCHLD) {
			kill(program, number);
		}
	}
}
