/* SPDX-License-Identifier: Apache-2.0 */
/* A container that is being made: what the runtime and the container's first process both know. */
#pragma once

#include <stdbool.h>
#include "capability.h"
#include "cgroup.h"
#include "json.h"
#include "namespaces.h"
#include "runtime.h"
#include "seccomp_filter.h"
#include "state.h"
#include "text.h"

struct netdev_set;

struct container {
	struct runtime *rt;
	const char *pid_file;       /* or NULL */
	const char *console_socket; /* or NULL */
	bool no_pivot;              /* chroot instead of pivot_root */
	bool run;                   /* started at once: no socket to wait on */
	bool no_new_keyring;        /* the session keyring stays the caller's */
	bool has_process;           /* there has been one: poststop hooks count */
	bool begins_at_once;        /* its first process needs nothing of the runtime to begin */
	unsigned preserve_fds;      /* descriptors from 3 on that the process gets */

	struct text config_text;               /* of config.json, until it is kept */
	json *config, *process, *linux_config; /* the last two are borrowed from the first */
	struct state state;
	struct namespaces ns;
	struct cgroup *cgroup;
	struct capability_sets capabilities;
	struct seccomp_filter filter;
	bool has_filter;

	int sync[2];      /* [0] the runtime's end, [1] the process's */
	int start_socket; /* the process accepts on it and begins; -1 for run */
	int console;      /* connected console socket, -1: none */
	int host_proc;    /* O_PATH of the runtime's /proc; -1: not needed */
	int master;       /* of the terminal, when no console socket takes it; -1 */
	int *sources;     /* per mount: tree opened with the runtime's rights, -1: none */
	size_t source_count;
	struct netdev_set *netdevs; /* moved into it; NULL: none */
	pid_t pid;                  /* of the process, for the runtime */
};
