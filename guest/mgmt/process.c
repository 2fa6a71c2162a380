/* SPDX-License-Identifier: Apache-2.0 */
/* fork and exec. */
#include "process.h"

#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS_NO_PROGRAM 127
#define LOG_MODE          0600

unsigned long long process_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (unsigned long long)now.tv_sec * 1000 + (unsigned long long)now.tv_nsec / 1000000;
}

static void use_files(int input, int output)
{
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
}

static void use_tty(const char *path)
{
	int tty = open(path, O_RDWR | O_CLOEXEC);

	if (tty >= 0) {
		ioctl(tty, TIOCSCTTY, 1); /* away from whoever had it: a shell that ended */
		use_files(tty, tty);
	}
}

static void use_log(const char *path)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = path == NULL ? null
			       : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_MODE);

	if (null >= 0) {
		use_files(null, log >= 0 ? log : null);
	}
}

static pid_t start_child(void)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
	} else if (pid < 0) {
		say("no process: %s", strerror(errno));
	}
	return pid;
}

static _Noreturn void execute(char *const argv[])
{
	execvp(argv[0], argv);
	say("%s: %s", argv[0], strerror(errno));
	_exit(STATUS_NO_PROGRAM);
}

pid_t process_start(char *const argv[], const char *tty, const char *log)
{
	pid_t pid = start_child();

	if (pid == 0) {
		if (tty != NULL) {
			use_tty(tty);
		} else {
			use_log(log);
		}
		execute(argv);
	}
	return pid;
}

int process_run(char *const argv[])
{
	pid_t pid = start_child();
	int status = -1;

	if (pid == 0) {
		say_lend();
		execute(argv);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		return -1;
	}
	return WEXITSTATUS(status);
}
