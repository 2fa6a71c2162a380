/* SPDX-License-Identifier: Apache-2.0 */
/* Another process in a running container. */
#pragma once

#include "container.h"

struct exec {
	const char *pid_file, *console_socket; /* or NULL */
	bool detach, ignore_paused;
	unsigned preserve_fds;
	json *process; /* process object of runtime-spec; the caller's */

	struct container c; /* of the container: state, configuration, what is loaded */
	int pidfd;          /* of its first process */
	int root;           /* its root, where that is a chroot; else -1 */
};

/* Loads the container; it must run. */
int exec_open(struct runtime *rt, const char *id, struct exec *x);
/* Starts x->process and waits for it unless it is detached. Returns the exit status. */
int exec_run(struct exec *x);
void exec_close(struct exec *x);
