/* SPDX-License-Identifier: Apache-2.0 */
/* bh-monitor: one process per container and per exec, which keeps its stdio and its end. */
#pragma once

#include "container.h"

/* How a process ended. */
struct monitor_end {
	bool is_known; /* false: the monitor was killed, and left nothing */
	int code;      /* exit status; 128 + signal */
	int64_t finished;
	bool is_oom_killed;
};

/* A client's connection that is attached before the first byte. */
struct monitor_attach {
	int fd; /* taken */
	const char *flags;
};

struct monitor_call {
	struct container *container;
	const char *exec_id; /* NULL: the container itself */
	const char *process; /* of an exec: file of its process */
	bool has_tty;
	bool has_stdin;
	bool has_stdin_once;
	const char *detach_keys; /* of the attached, may be NULL */
	const char *log;         /* file, NULL: none */
	const char *log_max_size;
	const char *log_max_file;
	const struct monitor_attach *attaches;
	size_t attach_count;
};

/* `pid` > 0, or `error` in the runtime's words. */
typedef void (*monitor_started_fn)(void *context, pid_t pid, const char *error);
void monitor_start(const struct monitor_call *call, monitor_started_fn started, void *context);

/* RUN/containers/ID, or its exec/E; the caller frees it. */
char *monitor_folder(const struct container *container, const char *exec_id);

/* Asks the monitor of that folder. Takes the request and `fd` (-1: none), which it is given.
 * `reply` is NULL when there is no monitor or it does not answer. */
typedef void (*monitor_reply_fn)(void *context, json *reply);
void monitor_ask(const char *folder, json *request, int fd, monitor_reply_fn done, void *context);

/* Waits for the end of the process; at once when it is over. NULL: the callback was called. */
struct monitor_wait;
typedef void (*monitor_end_fn)(void *context, const struct monitor_end *end);
struct monitor_wait *monitor_wait(const char *folder, monitor_end_fn ended, void *context);
void monitor_forget(struct monitor_wait *wait);
/* Is a monitor there? (start of the engine) */
bool monitor_is_alive(const char *folder);
/* Of exit.json. */
void monitor_read_end(const char *folder, struct monitor_end *end);
