/* SPDX-License-Identifier: Apache-2.0 */
/* The side of the commands: finds the holding process or starts it. */
#include "file.h"
#include "pass_fd.h"
#include "port.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HOLDER_SECONDS 5

int holder_lock(const char *run, struct failure *failure)
{
	char *directory = text_format("%s/network", run);
	char *path = text_format("%s/lock", directory);
	int fd = file_make_dirs(directory, 0711) < 0
			 ? -1
			 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		fail(failure, fail_kind(errno), "cannot lock %s: %s", path, strerror(errno));
		file_close(fd);
		fd = -1;
	}
	free(path);
	free(directory);
	return fd;
}

/* By the folder's descriptor, which it returns: RUN may be longer than a socket's address. -1 with
 * errno. */
static int socket_address(const char *run, struct sockaddr_un *address)
{
	char *path = text_format("%s/network", run);
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/" HOLDER_SOCKET,
		 dir);
	free(path);
	return dir;
}

/* -1 also when nobody is there. */
static int reach(const struct sockaddr_un *address)
{
	struct timeval patience = {.tv_sec = HOLDER_SECONDS};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
			file_close(fd);
			fd = -1;
		}
	}
	return fd;
}

/* It listens before the process is there, so that nobody waits for its start. */
static int start(const struct sockaddr_un *address, struct failure *failure)
{
	char *argv[] = {"bh-network", "hold", NULL};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct spawn_fd fds[] = {{.fd = fd, .as = HOLDER_LISTEN_FD}};
	struct spawn spawn = {
		.path = "/proc/self/exe",
		.argv = argv,
		.directory = "/",
		.fds = fds,
		.fd_count = 1,
		.new_session = 1,
	};

	unlink(address->sun_path);
	mode_t mask = umask(0077);
	int result = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)address, sizeof(*address));
	umask(mask);
	if (result < 0 || listen(fd, 8) < 0 || spawn_start(&spawn, NULL) < 0) {
		fail(failure, fail_kind(errno), "cannot start the process that holds ports: %s",
		     strerror(errno));
		result = -1;
	}
	file_close(fd);
	return result;
}

/* Sends one order and takes the reply. */
static int order(int fd, const struct sockaddr_un *address, const char *words, const int *sockets,
		 size_t count, struct failure *failure)
{
	char reply[16] = "";

	if (pass_send(fd, words, strlen(words), sockets, count) < 0 ||
	    recv(fd, reply, sizeof(reply) - 1, 0) <= 0) {
		return fail(failure, "io", "the process that holds ports does not answer: %s",
			    strerror(errno));
	}
	if (strcmp(reply, HOLDER_END) == 0) {
		unlink(address->sun_path);
	} else if (strcmp(reply, HOLDER_OK) != 0) {
		return fail(failure, "io", "the process that holds ports refuses: %s", reply);
	}
	return 0;
}

int holder_keep(const char *run, const char *key, const int *sockets, size_t count,
		struct failure *failure)
{
	struct sockaddr_un address;
	char words[HOLDER_ORDER_SIZE];
	int result = 0;

	if (count == 0) {
		return 0;
	}
	int dir = socket_address(run, &address);
	if (dir < 0) {
		return fail(failure, fail_kind(errno), "cannot open %s/network: %s", run,
			    strerror(errno));
	}
	int fd = reach(&address);
	if (fd < 0 && start(&address, failure) == 0) {
		fd = reach(&address);
	}
	if (fd < 0) {
		close(dir);
		return fail(failure, "io", "cannot reach %s/network/" HOLDER_SOCKET ": %s", run,
			    strerror(errno));
	}
	snprintf(words, sizeof(words), "hold %s", key);
	for (size_t sent = 0; sent < count && result == 0; sent += HOLDER_FDS_MAX) {
		size_t part = count - sent < HOLDER_FDS_MAX ? count - sent : HOLDER_FDS_MAX;
		result = order(fd, &address, words, sockets + sent, part, failure);
	}
	close(fd);
	close(dir);
	return result;
}

int holder_release(const char *run, const char *key, struct failure *failure)
{
	struct sockaddr_un address;
	char words[HOLDER_ORDER_SIZE];

	int dir = socket_address(run, &address);
	int fd = dir < 0 ? -1 : reach(&address);
	if (fd < 0) {
		if (dir >= 0) {
			close(dir);
		}
		return 0; /* nobody holds anything */
	}
	snprintf(words, sizeof(words), key ? "release %s" : "clear", key);
	int result = order(fd, &address, words, NULL, 0, failure);
	close(fd);
	close(dir);
	return result;
}
