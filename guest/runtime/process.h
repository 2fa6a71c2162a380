/* SPDX-License-Identifier: Apache-2.0 */
/* The user's process: from a process of the runtime inside the container to the program. */
#pragma once

#include "container.h"

struct process {
	char *path;  /* of the program, found */
	char **argv; /* of process.args; ends in NULL */
	char **env;
};

/* Closes all descriptors but the standard streams, --preserve-fds and `keep` (-1: none), which must
 * be no directories: from then on no path of the image, /proc/self/fd/N/.., leads out by one of the
 * runtime's. Before anything is looked up that the image or the container has a say in. */
void process_close_others(const struct container *c, const int *keep, size_t count);
/* Finds the program inside (the caller's root is the container's) with the environment's PATH.
 * Status 127 when it is not there, 126 when it cannot be executed. */
int process_find(json *process, struct process *p, struct error *e);
/* Working directory: made when it is missing, and proved to lie inside. */
int process_directory(json *process, struct error *e);
/* Limits, user, groups, capabilities, no_new_privs, seccomp; then the program. Returns on failure
 * alone. The console is the standard streams already. */
int process_execute(struct container *c, json *process, const struct process *p, struct error *e);
