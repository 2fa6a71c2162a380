/* SPDX-License-Identifier: Apache-2.0 */
/* Clients' connections that become a container's stdio. */
#pragma once

#include "container.h"
#include "route.h"

struct loop_fd;

/* One that waits for the start. */
struct attach {
	struct attach *next;
	struct container *container;
	int fd;
	char flags[8];     /* of bh-monitor's --attach */
	char *detach_keys; /* or NULL */
	char *input;       /* that came with the request, hexadecimal, or NULL */
	struct loop_fd *watch;
};

extern const struct route attach_routes[2];

/* Ends connections that wait for a start that does not come. */
void attach_drop_all(struct container *container);
/* Those whose connection was taken (fd -1). */
void attach_forget_taken(struct container *container);
/* The container runs: its monitor takes those that still wait. */
void attach_give_away_all(struct container *container);
/* Of bh-monitor's --attach. */
void attach_make_flags(char flags[8], bool with_stdin, bool with_stdout, bool with_stderr,
		       bool is_raw);
/* The content type of a container's stream: raw, or of frames since API 1.42. */
const char *attach_type(struct request *request, bool has_tty);
/* Answers a request with "h" and "w" by the monitor of that folder, which is taken. */
void attach_resize(struct request *request, char *folder);
