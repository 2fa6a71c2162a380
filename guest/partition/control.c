/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "control"

/* By the folder's descriptor: a socket's path has 107 bytes at most. */
static struct sockaddr_un address_in(int dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" NAME, dir);
	return address;
}

static int make(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

int control_listen(int dir)
{
	struct sockaddr_un address = address_in(dir);
	int handle = make();

	(void)unlinkat(dir, NAME, 0);
	if (handle >= 0 && (bind(handle, (struct sockaddr *)&address, sizeof(address)) != 0 ||
			    listen(handle, 16) != 0)) {
		close(handle);
		return -1;
	}
	return handle;
}

int control_connect(int dir)
{
	struct sockaddr_un address = address_in(dir);
	int handle = make();

	if (handle >= 0 && connect(handle, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(handle);
		return -1;
	}
	return handle;
}

bool control_send(int socket, const struct control *message, const int *fds, int count)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)message, .iov_len = sizeof(*message)};
	union {
		char bytes[CMSG_SPACE(sizeof(int) * CONTROL_FDS)];
		struct cmsghdr aligned;
	} control = {.bytes = {0}};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (count > 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
		*CMSG_FIRSTHDR(&header) =
			(struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count),
					 .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), fds, sizeof(int) * (size_t)count);
	}
	return sendmsg(socket, &header, MSG_NOSIGNAL) == (ssize_t)sizeof(*message);
}

int control_receive(int socket, struct control *message, int fds[CONTROL_FDS], int flags)
{
	struct iovec part = {.iov_base = message, .iov_len = sizeof(*message)};
	union {
		char bytes[CMSG_SPACE(sizeof(int) * CONTROL_FDS)];
		struct cmsghdr aligned;
	} control;
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};
	ssize_t size = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
	int count = 0;

	for (struct cmsghdr *at = CMSG_FIRSTHDR(&header); size >= 0 && at != NULL;
	     at = CMSG_NXTHDR(&header, at)) {
		if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS) {
			count = (int)((at->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fds, CMSG_DATA(at), sizeof(int) * (size_t)count);
		}
	}
	if (size == (ssize_t)sizeof(*message)) {
		message->text[CONTROL_TEXT - 1] = '\0';
		return count;
	}
	while (count > 0) {
		close(fds[--count]);
	}
	errno = size < 0 ? errno : 0;
	return -1;
}
