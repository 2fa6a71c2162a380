/* SPDX-License-Identifier: Apache-2.0 */
/* Starting programs with exactly the descriptors that are named. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct spawn_fd {
	int fd; /* here; -1: /dev/null */
	int as; /* in the child: 0 and up, each once, less than 16 */
};

struct spawn {
	const char *path;           /* of the program; looked up in PATH without a slash */
	char *const *argv;          /* ends in NULL */
	char *const *env;           /* NULL: as here */
	const char *directory;      /* NULL: as here */
	const struct spawn_fd *fds; /* those not named are closed, 0 to 2 are /dev/null then */
	size_t fd_count;
	int new_session; /* setsid() */
};

/* Starts it with default signals and an empty mask. Returns the pid, -1 with errno (also when the
 * program cannot be executed). *pidfd, if not NULL, is a descriptor of it. */
pid_t spawn_start(const struct spawn *spawn, int *pidfd);
/* Waits. Returns its exit status, 128 + N for signal N, -1 with errno. */
int spawn_wait(pid_t pid);
