/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of exec share. */
#pragma once

#include "exec.h"
#include "http.h"
#include "monitor.h"

struct exec {
	struct exec *next;
	struct container *container; /* NULL: removed meanwhile */
	char id[ID_SIZE];
	json *config; /* of the request */
	bool has_tty;
	bool is_started;
	bool is_running;
	int exit_code;
	pid_t pid;
	struct monitor_wait *wait;
	struct request *request; /* of a detached start, which waits for the report */
	int client;              /* gets the words of a failure, or -1 */
};

/* By its whole ID, of all containers. */
struct exec *exec_find(const char *id);
/* NULL: the reply 404 was sent. */
struct exec *exec_of_request(struct request *request);
void exec_event(struct exec *exec, const char *action);
void exec_free(struct exec *exec);
/* It has ended. */
void exec_over(struct exec *exec, const struct monitor_end *end);
/* POST /exec/ID/start */
void exec_post_start(struct request *request);
