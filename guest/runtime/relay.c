/* SPDX-License-Identifier: Apache-2.0 */
/* `run` and `exec` on the caller's own terminal: bytes go both ways until the process ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>
#include "console.h"
#include "file.h"

static bool make_raw(struct termios *old)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, old) < 0) {
		return false;
	}
	raw = *old;
	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void copy_size(int master)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
		ioctl(master, TIOCSWINSZ, &size);
	}
}

/* False at the end of `from`. */
static bool copy_some(int from, int to)
{
	char bytes[4096];
	ssize_t length = read(from, bytes, sizeof(bytes));

	if (length < 0 && (errno == EINTR || errno == EAGAIN)) {
		return true;
	}
	return length > 0 && file_write_all(to, bytes, (size_t)length) == 0;
}

static int window_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void relay(int master, int pidfd, int signals)
{
	struct pollfd p[] = {{.fd = master, .events = POLLIN},
			     {.fd = STDIN_FILENO, .events = POLLIN},
			     {.fd = signals, .events = POLLIN},
			     {.fd = pidfd, .events = POLLIN}};
	const char end = 4; /* ^D */

	for (bool open = true; open;) {
		if (poll(p, 4, -1) < 0 && errno != EINTR) {
			return;
		}
		if (p[2].revents & POLLIN) {
			struct signalfd_siginfo info;
			(void)!read(signals, &info, sizeof(info));
			copy_size(master);
		}
		if (p[1].revents && !copy_some(STDIN_FILENO, master)) {
			(void)!write(master, &end, 1);
			p[1].fd = -1;
		}
		if (p[0].revents) {
			open = copy_some(master, STDOUT_FILENO);
		} else if (p[3].revents) {
			return; /* it has ended, and nothing is left to read */
		}
	}
}

int console_relay(int master, int pidfd)
{
	struct termios old;
	bool raw = make_raw(&old);
	int signals = window_signals();

	copy_size(master);
	relay(master, pidfd, signals);
	if (raw) {
		tcsetattr(STDIN_FILENO, TCSANOW, &old);
	}
	close(signals);
	return 0;
}
