/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers. All are in memory, small; what a request and an image gave (the spec) is in the
 * database and loaded when it is needed.
 *
 *              create            start             the process ends
 *   (nothing) --------> created --------> running ------------------> exited --- start --> running
 *                                  pause |  ^ unpause                  |  restart policy:
 *                                        v  |                          |  restarting --> running
 *                                       paused                         remove --> (nothing)
 */
#pragma once

#include "json.h"
#include "name.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum restart_policy { RESTART_NO, RESTART_ALWAYS, RESTART_UNLESS_STOPPED, RESTART_ON_FAILURE };

/* What `state` of the database holds. */
struct container_state {
	bool is_running; /* paused too */
	bool is_paused;
	bool is_restarting; /* waits for the next try */
	bool is_dead;       /* removal began */
	bool is_oom_killed;
	bool is_stopped_by_hand; /* no restart */
	pid_t pid;
	int exit_code;
	char *error; /* why it could not start, or NULL */
	int64_t started;
	int64_t finished;
	int restart_count;
};

struct waiter;
struct attach;
struct exec;
struct health;
struct start;
struct monitor_wait;
struct loop_timer;

struct container {
	struct container *next;
	char id[ID_SIZE];
	char *name;
	char *image;      /* ID, or "" when it was deleted by force */
	char *image_name; /* as the client wrote it */
	int64_t created;
	char *runtime; /* name; "" is the default */
	json *dns; /* HostConfig.Dns, what the network's name server asks of it; NULL: the host's */
	bool has_tty;
	bool has_stdin;
	bool has_stdin_once;
	bool is_auto_removed;
	enum restart_policy restart_policy;
	int restart_max;
	struct container_state state;

	/* Of the moment; nothing of it survives the engine. */
	struct waiter *waiters;    /* container_wait.c */
	struct attach *attaches;   /* clients attached before the start, container_attach.c */
	struct exec *execs;        /* exec.c */
	struct health *health;     /* health.c, or NULL */
	struct start *start;       /* being started, container_start.c */
	struct monitor_wait *wait; /* for the end of its monitor */
	struct loop_timer *restart_timer;
	int64_t restart_delay; /* ms */
	int rootfs_users;      /* rootfs.h */
	bool is_ending;        /* after the process, before the clean-up is done */
	bool is_removing;
};

/* --- container_store.c --- */
/* All, in the order of their creation. */
struct container *container_first(void);
/* By ID, a unique beginning of one, or name (with or without the slash). NULL: none;
 * *is_ambiguous (may be NULL) tells more than one. */
struct container *container_find(const char *name, bool *is_ambiguous);
struct container *container_by_name(const char *name);
/* The container of the request's first parameter; NULL: the reply 404 was sent. */
struct request;
struct container *container_of_request(struct request *request);
/* {"Config","HostConfig","NetworkingConfig","Mounts","Path","Args"}; the caller puts it. */
json *container_spec(const struct container *container);
int container_store_spec(struct container *container, json *spec);

/* Inserts it into the database and the list; takes it on success. */
int container_insert(struct container *container, json *spec);
int container_store_state(struct container *container);
int container_store_name(struct container *container, const char *name);
/* Deletes it from the database, the list and memory. */
int container_delete(struct container *container);
/* Reads the database at the engine's start. */
int container_load_all(void);
void container_free(struct container *container);

/* created, running, paused, restarting, exited, removing, dead */
const char *container_status(const struct container *container);
/* ROOT/containers/ID[/...] and RUN/containers/ID[/...]; the caller frees it. */
char *container_path(const struct container *container, const char *relative);
char *container_run_path(const struct container *container, const char *relative);
/* An event with the usual attributes: name, image, labels; `extra` is NULL or KEY, value. */
void container_event(struct container *container, const char *action, const char *key,
		     const char *value);
/* The same with the attributes of an object, which is taken. */
void container_event_with(struct container *container, const char *action, json *extra);
