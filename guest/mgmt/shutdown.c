/* SPDX-License-Identifier: Apache-2.0 */
/* Clean shutdown. Nothing is started again from here on: init's loop does not run. */
#include "shutdown.h"

#include "mounts.h"
#include "process.h"
#include "say.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define TERM_MS 5000 /* what processes get to end by themselves */
#define KILL_MS 1000

struct end {
	int signal;
	int command;
	const char *name;
};

static const struct end ends[] = {
	{SIGUSR2, RB_POWER_OFF, "power-off"},
	{SIGUSR1, (int)RB_HALT_SYSTEM, "halt"},
	{SIGTERM, RB_AUTOBOOT, "reboot"},
	{SIGINT, RB_AUTOBOOT, "reboot"},
};

/* Orphans become init's children, so none left means that all have ended. */
static bool wait_for_all(unsigned long long ms)
{
	unsigned long long end = process_now_ms() + ms;
	const struct timespec step = {.tv_nsec = 50000000};
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (process_now_ms() < end) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD) {
			return true;
		}
		if (pid == 0) {
			sigtimedwait(&child, NULL, &step);
		}
	}
	return false;
}

static void end_processes(void)
{
	kill(-1, SIGTERM);
	kill(-1, SIGHUP); /* shells do not listen to SIGTERM */
	kill(-1, SIGCONT);
	if (!wait_for_all(TERM_MS)) {
		say("processes are still there after %d s: killed", TERM_MS / 1000);
		kill(-1, SIGKILL);
		wait_for_all(KILL_MS);
	}
}

void shutdown_run(int signal)
{
	const struct end *end = &ends[0];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends[i].signal == signal) {
			end = &ends[i];
		}
	}
	say_into(NULL);
	say("%s", end->name);
	end_processes();
	mounts_end();
	say("stopped: %s", end->name);
	tcdrain(STDERR_FILENO); /* the line leaves through a UART that takes its time */
	reboot(end->command);
	say("%s: %s", end->name, strerror(errno));
	for (;;) {
		pause();
	}
}
