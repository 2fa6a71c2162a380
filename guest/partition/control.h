/* SPDX-License-Identifier: Apache-2.0 */
/* What commands say to the process that keeps a partition: packets over the socket in its folder,
 * which root alone can reach. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum control_op {
	CONTROL_START = 1, /* the container's process; answered by STARTED or FAILED */
	CONTROL_SIGNAL,    /* a = number; to the process of this connection's session, else the
			      container's */
	CONTROL_RESIZE,    /* a = rows, b = columns; the same */
	CONTROL_EXEC,      /* descriptors: the spec's file, then stdin, stdout, stderr; a =
			      CONTROL_TERMINAL */
	/* answers */
	CONTROL_STARTED,
	CONTROL_FAILED, /* a = exit status; text: why */
	CONTROL_EXITED, /* a = exit status */
	CONTROL_DONE,   /* of SIGNAL and RESIZE without a session */
};

#define CONTROL_FDS  4
#define CONTROL_TEXT 256u

struct control {
	uint32_t op;
	uint32_t a;
	uint32_t b;
	char text[CONTROL_TEXT];
};

/* Sockets in the folder that `dir` is; -1 with errno. */
int control_listen(int dir);
int control_connect(int dir);
bool control_send(int socket, const struct control *message, const int *fds, int count);
/* Number of descriptors received, in fds; -1: nothing came, or the other is gone (errno 0). */
int control_receive(int socket, struct control *message, int fds[CONTROL_FDS], int flags);
