/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"
#include "pass_fd.h"

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
	return pass_send(socket, message, sizeof(*message), fds, (size_t)count) ==
	       (ssize_t)sizeof(*message);
}

int control_receive(int socket, struct control *message, int fds[CONTROL_FDS], int flags)
{
	struct pass pass = {message, sizeof(*message), fds, CONTROL_FDS, flags};
	ssize_t size = pass_receive(socket, &pass);

	if (size == (ssize_t)sizeof(*message)) {
		message->text[CONTROL_TEXT - 1] = '\0';
		return (int)pass.count;
	}
	while (pass.count > 0) {
		close(fds[--pass.count]);
	}
	errno = size < 0 ? errno : 0;
	return -1;
}
