/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals, descriptors and signals of bh-partition's processes. */
#include "part.h"
#include "pass_fd.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool is_raw;

void part_terminal_raw(void)
{
	struct termios mode;

	if (tcgetattr(0, &before) == 0 && (part.is_terminal || strcmp(part.command, "run") == 0)) {
		mode = before;
		cfmakeraw(&mode);
		is_raw = tcsetattr(0, TCSANOW, &mode) == 0;
	}
}

void part_terminal_bytes(int terminal)
{
	struct termios mode;

	if (tcgetattr(terminal, &mode) == 0) {
		cfmakeraw(&mode);
		(void)tcsetattr(terminal, TCSANOW, &mode);
	}
}

void part_terminal_restore(void)
{
	if (is_raw) {
		(void)tcsetattr(0, TCSANOW, &before);
	}
	is_raw = false;
}

/* The master's descriptor, with its name as data, as runc sends it. */
static bool send_master(int master)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static const char name[] = "/dev/ptmx";

	int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_sent;

	if (strlen(part.console_socket) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(address.sun_path, part.console_socket);

	is_sent = handle >= 0 &&
		  connect(handle, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		  pass_send(handle, name, sizeof(name) - 1, &master, 1) > 0;
	file_close(handle);
	return is_sent;
}

int part_console(void)
{
	int master;
	int slave;

	if (openpty(&master, &slave, NULL, NULL, NULL) != 0) {
		part_fail("cannot make a terminal: %s", strerror(errno));
		return -1;
	}
	(void)fcntl(master, F_SETFD, FD_CLOEXEC);
	(void)fcntl(slave, F_SETFD, FD_CLOEXEC);
	if (!send_master(master)) {
		part_fail("cannot send the terminal to %s: %s", part.console_socket,
			  strerror(errno));
		close(slave);
		slave = -1;
	}
	close(master);
	return slave;
}

int part_signals(void)
{
	static const int left[] = {SIGCHLD, SIGPIPE, SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
				   SIGABRT, SIGTRAP, SIGTTOU, SIGTTIN, SIGTSTP};
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		sigdelset(&all, left[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &all, NULL);
	return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

void part_take_stdio(int fds[3])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3; i++) {
		fds[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		(void)dup2(null, i);
	}
	close(null);
}
