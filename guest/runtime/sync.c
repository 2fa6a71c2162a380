/* SPDX-License-Identifier: Apache-2.0 */
/* Messages over a pair of packet sockets. */
#include "sync.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_ROOM 2048

struct message {
	int type;
	int status;
	char text[TEXT_ROOM];
};
#define HEAD offsetof(struct message, text)

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int sync_pair(int ends[2], struct error *e)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0
		       ? error_set(e, errno, "cannot make a socket pair")
		       : 0;
}

static int send_message(int end, struct message *m, size_t length, int fd)
{
	struct iovec part = {m, length};
	union control control = {0};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (fd >= 0) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof(control.room);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(int));
	}
	do {
		sent = sendmsg(end, &packet, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

int sync_send(int end, enum sync_type type, int status, int fd)
{
	struct message m;

	m.type = (int)type;
	m.status = status;
	return send_message(end, &m, HEAD, fd);
}

void sync_send_error(int end, const struct error *e)
{
	struct message m = {.type = SYNC_ERROR, .status = e->status};
	const char *text = e->text ? e->text : "failed without words";
	size_t length = strnlen(text, TEXT_ROOM - 1);

	memcpy(m.text, text, length);
	send_message(end, &m, HEAD + length, -1);
}

static int passed_fd(struct msghdr *packet)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(packet);
	int fd = -1;

	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len >= CMSG_LEN(sizeof(int))) {
		memcpy(&fd, CMSG_DATA(head), sizeof(int));
	}
	return fd;
}

enum sync_type sync_receive(int end, int *status, int *fd, struct error *e)
{
	struct message m;
	struct iovec part = {&m, sizeof(m) - 1};
	union control control;
	struct msghdr packet = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control.room)};
	ssize_t length;

	/* Told once when the other side ended without reading all; what it said comes after that.
	 */
	do {
		length = recvmsg(end, &packet, MSG_CMSG_CLOEXEC);
	} while (length < 0 && (errno == EINTR || errno == ECONNRESET));
	if (length < (ssize_t)HEAD) {
		return SYNC_END;
	}
	int passed = passed_fd(&packet);
	if (fd) {
		*fd = passed;
	} else if (passed >= 0) {
		close(passed);
	}
	if (status) {
		*status = m.status;
	}
	if (m.type == SYNC_ERROR) {
		((char *)&m)[length] = '\0';
		error_status(e, m.status, 0, "%s", m.text);
	}
	return (enum sync_type)m.type;
}

int sync_wait_go(int end)
{
	struct error ignored = {0};
	enum sync_type type = sync_receive(end, NULL, NULL, &ignored);

	error_free(&ignored);
	return type == SYNC_GO ? 0 : -1;
}
