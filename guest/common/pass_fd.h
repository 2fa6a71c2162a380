/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors passed over a Unix socket (unix(7), SCM_RIGHTS). */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define PASS_FDS_MAX 253 /* SCM_MAX_FD */

/* sendmsg(2) of the bytes with `count` descriptors, maybe none; raises no SIGPIPE. */
ssize_t pass_send(int socket, const void *bytes, size_t length, const int *fds, size_t count);

struct pass {
	void *bytes;
	size_t room;
	int *fds;     /* that came, close-on-exec */
	size_t count; /* how many have room, then how many came */
	int flags;    /* of recvmsg(2), then msg_flags of what came */
};

/* recvmsg(2); with no bytes there are no descriptors either. */
ssize_t pass_receive(int socket, struct pass *pass);
