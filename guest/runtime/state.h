/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container after `create` has ended: ROOT/ID/ holds state.json, config.json (as
 * it was at create; the bundle may change later) and, until `start`, the socket `start`.
 * runtime-spec, runtime.md "State".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "json.h"
#include "runtime.h"

struct seccomp_filter;

enum state_status {
	STATE_CREATING,
	STATE_CREATED,
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_STOPPED,
};

struct state {
	char *id;
	char *bundle;       /* absolute */
	char *rootfs;       /* absolute */
	char *cgroup;       /* for cgroup_reopen(); NULL: none */
	char *rdt;          /* group of resctrl to remove, below its root; NULL: none */
	char *created;      /* RFC 3339, nanoseconds */
	pid_t pid;          /* of the container's first process; 0 before there is one */
	uint64_t pid_start; /* its start time, clock ticks since boot: tells a reused pid */
	uid_t owner;        /* who created it */
	bool chroot;        /* root is a chroot in its mount namespace, not the namespace's root */
	enum state_status status;
	bool locked;       /* by this process */
	json *annotations; /* object, or NULL; owned */
	int dir;           /* ROOT/ID, -1 when closed */
};

/* [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, at most 128 characters. */
bool state_id_valid(const char *id);

/* Makes ROOT/ID and locks it until the descriptor is closed; EEXIST is said in words. */
int state_create(struct runtime *rt, const char *id, struct state *s);
/* Reads state.json and finds out what the container does now. */
int state_load(struct runtime *rt, const char *id, struct state *s);
/* Waits until no other command changes this container; state_free() unlocks. */
int state_lock(struct runtime *rt, struct state *s);
void state_unlock(struct state *s);
/* state_load() of what no other command changes meanwhile. One that is being created is not waited
 * for. */
int state_open_locked(struct runtime *rt, const char *id, struct state *s);
/* Writes state.json; the old one stands until the new one is complete. */
int state_save(struct runtime *rt, const struct state *s);
/* The config.json of create; the caller puts it. NULL with rt->error. With `filter` as of
 * config_parse(). */
json *state_config(struct runtime *rt, const struct state *s, struct seccomp_filter *filter);
/* Removes ROOT/ID. */
int state_remove(struct runtime *rt, const struct state *s);
void state_free(struct state *s);

const char *state_status_name(enum state_status status);
/* The object that `state` prints and hooks read; the caller puts it. */
json *state_object(const struct state *s);
/* Start time of a process in clock ticks since boot, 0 when it has ended (a zombie counts so). */
uint64_t state_pid_start(pid_t pid);
/* Names of all containers, sorted; ends in NULL; the caller frees each and the array. */
char **state_list(struct runtime *rt, size_t *count);
