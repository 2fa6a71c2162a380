/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever gets a container's terminal: `terminal SOCKET ROWS COLUMNS INPUT` waits for a descriptor
 * at SOCKET, sets its size, types INPUT and Enter once something has come, and prints what comes
 * until its end. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE 60000 /* ms */

static int receive(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];
	struct iovec part = {.iov_base = name, .iov_len = sizeof(name)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control;
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int terminal = -1;
	int peer;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 1) != 0) {
		return -1;
	}
	peer = accept(listener, NULL, NULL);
	if (peer >= 0 && recvmsg(peer, &header, 0) > 0 && CMSG_FIRSTHDR(&header) != NULL) {
		memcpy(&terminal, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(terminal));
	}
	return terminal;
}

int main(int argc, char **argv)
{
	int terminal = argc == 5 ? receive(argv[1]) : -1;
	struct pollfd polled = {.fd = terminal, .events = POLLIN};
	struct winsize size = {.ws_row = 0};
	char bytes[512];
	ssize_t count;
	int is_typed = 0;

	if (terminal < 0) {
		return 1;
	}
	size.ws_row = (unsigned short)atoi(argv[2]);
	size.ws_col = (unsigned short)atoi(argv[3]);
	ioctl(terminal, TIOCSWINSZ, &size);
	while (poll(&polled, 1, PATIENCE) > 0 &&
	       (count = read(terminal, bytes, sizeof(bytes))) > 0) {
		if (write(1, bytes, (size_t)count) != count) {
			return 1;
		}
		if (!is_typed) {
			ioctl(terminal, TIOCSWINSZ, &size);
			usleep(200000);
			is_typed = write(terminal, argv[4], strlen(argv[4])) > 0 &&
				   write(terminal, "\r", 1) > 0;
		}
	}
	return 0;
}
