/* SPDX-License-Identifier: Apache-2.0 */
#include "pass_fd.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(PASS_FDS_MAX * sizeof(int))];
};

ssize_t pass_send(int socket, const void *bytes, size_t length, const int *fds, size_t count)
{
	struct iovec part = {(void *)(uintptr_t)bytes, length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union room room = {.bytes = {0}};

	if (count) {
		message.msg_control = &room;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		room.header.cmsg_level = SOL_SOCKET;
		room.header.cmsg_type = SCM_RIGHTS;
		room.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&room.header), fds, count * sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t pass_receive(int socket, struct pass *pass)
{
	struct iovec part = {pass->bytes, pass->room};
	union room room;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &room,
		.msg_controllen = CMSG_SPACE(pass->count * sizeof(int)),
	};
	ssize_t length = recvmsg(socket, &message, pass->flags | MSG_CMSG_CLOEXEC);

	pass->count = 0;
	pass->flags = message.msg_flags;
	for (struct cmsghdr *next = length < 0 ? NULL : CMSG_FIRSTHDR(&message); next;
	     next = CMSG_NXTHDR(&message, next)) {
		if (next->cmsg_level == SOL_SOCKET && next->cmsg_type == SCM_RIGHTS) {
			pass->count = (next->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(pass->fds, CMSG_DATA(next), pass->count * sizeof(int));
		}
	}
	return length;
}
