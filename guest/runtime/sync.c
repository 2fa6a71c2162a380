/* SPDX-License-Identifier: Apache-2.0 */
/* Messages over a pair of packet sockets. */
#include "sync.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "pass_fd.h"

#define TEXT_ROOM 2048

struct message {
	int type;
	int status;
	char text[TEXT_ROOM];
};
#define HEAD offsetof(struct message, text)

int sync_pair(int ends[2], struct error *e)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0
		       ? error_set(e, errno, "cannot make a socket pair")
		       : 0;
}

static int send_message(int end, struct message *m, size_t length, int fd)
{
	ssize_t sent;

	do {
		sent = pass_send(end, m, length, &fd, fd >= 0);
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

enum sync_type sync_receive(int end, int *status, int *fd, struct error *e)
{
	struct message m;
	struct pass pass;
	int passed = -1;
	ssize_t length;

	/* Told once when the other side ended without reading all; what it said comes after that.
	 */
	do {
		pass = (struct pass){&m, sizeof(m) - 1, &passed, 1, 0};
		length = pass_receive(end, &pass);
	} while (length < 0 && (errno == EINTR || errno == ECONNRESET));
	if (length < (ssize_t)HEAD) {
		return SYNC_END;
	}

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
