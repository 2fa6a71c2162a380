/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a child in its place. */
#include "foreground.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "console.h"

static void handed_on(sigset_t *set)
{
	static const int kept[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP,
				   SIGSYS,  SIGABRT, SIGPIPE, SIGTTIN, SIGTTOU};

	sigfillset(set);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		sigdelset(set, kept[i]);
	}
}

void foreground_begin(void)
{
	sigset_t set;

	handed_on(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int foreground_wait(pid_t pid, int master)
{
	sigset_t set;
	int status = 0;

	if (master >= 0) {
		int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		console_relay(master, pidfd);
		close(pidfd);
	}
	handed_on(&set);
	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid || (ended < 0 && errno != EINTR)) {
			break;
		}
		int number = sigwaitinfo(&set, NULL);
		if (number > 0 && number != SIGCHLD && number != SIGWINCH) {
			kill(pid, number);
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
