/* SPDX-License-Identifier: Apache-2.0 */
/* bh-partition's commands, and what they share. */
#pragma once

#include "hyper.h"
#include "relay.h"
#include "state.h"

#include <stdbool.h>
#include <stdio.h>

#define PART_ROOT  "/run/bulkhead/partition"
#define PART_USAGE 2

struct part {
	const char *root;
	const char *log;
	bool is_log_json;
	uint64_t began; /* TSC */
	/* of the command */
	const char *command;
	const char *bundle;
	const char *pid_file;
	const char *console_socket;
	const char *process;
	const char *directory;
	const char *user;
	const char *format;
	const char **environment;
	size_t environment_count;
	bool is_detached;
	bool is_terminal;
	bool is_forced;
	bool is_all;
	bool is_timed;
	bool is_quiet;
	int count; /* words that are left */
	char **words;
	/* all of them, and which is the command */
	int argc;
	char **argv;
	int at;
};
extern struct part part;

/* `bh-partition: WHAT`, to stderr and to the log; returns 1. */
__attribute__((format(printf, 1, 2))) int part_fail(const char *format, ...);

int part_create(void);
int part_run(void);
int part_start(void);
int part_exec(void);
int part_state(void);
int part_list(void);
int part_kill(void);
int part_delete(void);
int part_pause(void);
int part_resume(void);
int part_update(void);
int part_ps(void);
int part_features(void);

/* --- between the files of part_*.c --- */

/* A file beside this program; free it. */
char *part_sibling(const char *name);
/* The container's folder and state; -1: it has been said that there is none. */
int part_open(const char *id, json **state);
enum state_status part_status(json *state);
/* Becomes bh-runtime where the command is for a pod's sandbox; an exit status where it cannot. -1:
 * it is not. */
int part_sandbox(void);
/* Its partition; false: it is gone, or there is no hypervisor (silently). */
bool part_find_partition(json *state, struct hyper *hyper);
int part_start_one(const char *id);
int part_delete_one(const char *id, bool is_forced);
/* Number of a signal by number or name, with or without SIG; 0: there is none. */
int part_signal_number(const char *text);
/* The relay's life, in the child that `create` forks: never returns. report is closed once the
 * partition starts. */
_Noreturn void part_keep(struct bundle *bundle, const char *id, int dir, int report, int terminal);
/* A terminal whose master goes to --console-socket; the slave, or -1: it has been said why. */
int part_console(void);
bool part_write_pid(pid_t pid);
/* All signals that can be caught, but those of a fault or a child: blocked, as a descriptor. */
int part_signals(void);
/* This process' terminal as bytes alone, and as it was. */
void part_terminal_raw(void);
void part_terminal_restore(void);
/* A new one: what a terminal does, the one inside does. */
void part_terminal_bytes(int terminal);
/* Descriptors 0 to 2 become /dev/null; what they were is in fds. */
void part_take_stdio(int fds[3]);
