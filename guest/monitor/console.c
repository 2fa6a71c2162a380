/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "pass_fd.h"
#include "stdin.h"
#include "streams.h"
#include "file.h"

#define FD_MAX 4 /* of a message */

#define CONSOLE_NAME "console.sock"

/* The path itself where it fits an address, else by way of the open directory. */
static char *socket_path(const struct monitor *monitor, const char *name)
{
	const struct monitor_options *options = &monitor->options;
	char *path = options->exec_id ? text_format("%s/exec/%s/%s", options->run_dir,
						    options->exec_id, name)
				      : text_format("%s/%s", options->run_dir, name);

	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		free(path);
		path = text_format("/proc/%d/fd/%d/%s", getpid(), monitor->run_dir, name);
	}
	return path;
}

/* In place of what has the name, once it listens: who finds it can connect. */
static bool bind_and_name(const struct monitor *monitor, int fd, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char *fresh = text_format("%s.new", name);
	char *path = socket_path(monitor, fresh);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	free(path);
	bool is_named = (unlinkat(monitor->run_dir, fresh, 0) == 0 || errno == ENOENT) &&
			bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
			listen(fd, 256) == 0 &&
			renameat(monitor->run_dir, fresh, monitor->run_dir, name) == 0;
	free(fresh);
	return is_named;
}

int console_listen_at(const struct monitor *monitor, const char *name, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0177);
	bool is_named = fd >= 0 && bind_and_name(monitor, fd, name);
	int error = errno;

	umask(mask);
	if (!is_named) {
		file_close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int console_open(struct monitor *monitor, char **path)
{
	int fd = console_listen_at(monitor, CONSOLE_NAME, SOCK_STREAM);

	if (fd < 0) {
		return -1;
	}
	*path = socket_path(monitor, CONSOLE_NAME);
	monitor->console = (struct watch){.fd = fd, .source = SOURCE_CONSOLE};
	monitor_watch(monitor, &monitor->console, EPOLLIN);
	return 0;
}

void console_close(struct monitor *monitor)
{
	if (monitor->console.fd >= 0) {
		monitor_unwatch(monitor, &monitor->console);
		unlinkat(monitor->run_dir, CONSOLE_NAME, 0);
	}
}

static void take_terminal(struct monitor *monitor, int fd)
{
	int input = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (input < 0 || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0) {
		close(fd);
		file_close(input);
		return;
	}
	if (monitor->has_console_size) {
		ioctl(fd, TIOCSWINSZ, &monitor->console_size);
	}
	streams_open(monitor, 0, fd);
	if (monitor->is_input_open) {
		stdin_open(monitor, input);
	} else {
		close(input);
	}
}

/* The terminal in a message; what else comes is closed. */
static void receive(struct monitor *monitor)
{
	char name[256];
	int fds[FD_MAX];
	int fd = -1;
	struct pass pass = {name, sizeof(name), fds, FD_MAX, MSG_DONTWAIT};

	if (pass_receive(monitor->console.fd, &pass) < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	for (size_t i = 0; i < pass.count; i++) {
		if (fd < 0 && isatty(fds[i])) {
			fd = fds[i];
		} else {
			close(fds[i]);
		}
	}
	if (fd >= 0) {
		take_terminal(monitor, fd);
	}
	console_close(monitor);
}

void console_ready(struct monitor *monitor)
{
	if (monitor->console.fd >= 0 && !monitor->is_console_accepted) {
		int fd = accept4(monitor->console.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			return;
		}
		monitor_unwatch(monitor, &monitor->console);
		monitor->console = (struct watch){.fd = fd, .source = SOURCE_CONSOLE};
		monitor->is_console_accepted = true;
		monitor_watch(monitor, &monitor->console, EPOLLIN);
	}
	if (monitor->console.fd >= 0) {
		receive(monitor);
	}
}

bool console_is_here(struct monitor *monitor)
{
	console_ready(monitor);
	console_close(monitor);
	return monitor->streams[0].watch.fd >= 0;
}

const char *console_resize(struct monitor *monitor, uint16_t width, uint16_t height)
{
	if (!monitor->options.is_tty) {
		return "the process has no terminal";
	}
	monitor->console_size = (struct winsize){.ws_col = width, .ws_row = height};
	monitor->has_console_size = true;
	if (monitor->streams[0].watch.fd >= 0) {
		ioctl(monitor->streams[0].watch.fd, TIOCSWINSZ, &monitor->console_size);
	}
	return NULL;
}
