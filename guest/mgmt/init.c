/* SPDX-License-Identifier: Apache-2.0 */
/* First process of the management partition: sets the machine up, then waits for signals and
 * devices. */
#include "devices.h"
#include "mounts.h"
#include "network.h"
#include "process.h"
#include "say.h"
#include "services.h"
#include "shutdown.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISK_WAIT_MS   3000 /* disks answer later than their drivers load */
#define TTY_SIZE       64
#define MOTD           "/etc/motd"
#define LOG_NAME       "INIT_LOG" /* of the environment, and so of the kernel's command line */
#define SERVICE_FOLDER "/etc/services.d"

/* /data is decided: a disk was found, or waited for long enough; only then come the services. */
static bool has_data;
static unsigned long long disk_deadline_ms;

static int open_signals(void)
{
	static const int wanted[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1, SIGUSR2};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		sigaddset(&set, wanted[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	reboot(RB_DISABLE_CAD); /* ctrl-alt-del becomes SIGINT */
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The console by its real name, so that a shell gets job control: hvc0, else a UART, else the last.
 */
static const char *console_path(void)
{
	static char path[TTY_SIZE];
	char names[TTY_SIZE * 2] = "";
	FILE *file = fopen("/sys/class/tty/console/active", "re");
	const char *best = "console";

	if (file != NULL) {
		if (fgets(names, sizeof(names), file) == NULL) {
			names[0] = '\0';
		}
		fclose(file);
	}
	for (char *name = strtok(names, " \n"); name != NULL; name = strtok(NULL, " \n")) {
		if (strcmp(best, "hvc0") != 0 &&
		    (strncmp(best, "ttyS", 4) != 0 || strcmp(name, "hvc0") == 0)) {
			best = name;
		}
	}
	snprintf(path, sizeof(path), "/dev/%s", best);
	return path;
}

static void show_motd(void)
{
	char text[4096];
	int fd = open(MOTD, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0) {
		say("no console");
	}
	if (fd >= 0) {
		close(fd);
	}
}

static void start_shell(void)
{
	const char *tty = console_path();
	char *argv[] = {"/bin/sh", "-l", NULL};
	unsigned long long now = process_now_ms();

	say("shell on %s, %llu.%03llu s after the kernel's start", tty, now / 1000, now % 1000);
	show_motd();
	say_into(getenv(LOG_NAME)); /* now the console is the person's */
	services_add("shell", argv, tty);
	services_run();
}

/* Looks for the data disk, and when it is settled starts the services. */
static void settle_data(void)
{
	if (has_data) {
		return;
	}
	has_data = mounts_data_disk() != 0;
	if (!has_data && process_now_ms() >= disk_deadline_ms) {
		mounts_data_memory();
		has_data = true;
	}
	if (has_data) {
		services_add_folder(SERVICE_FOLDER);
	}
}

/* -> milliseconds until something is to be done, -1 for never */
static int run_due(void)
{
	unsigned long long now = process_now_ms();
	int wait = services_run();
	int disk_wait = now < disk_deadline_ms ? (int)(disk_deadline_ms - now) : 0;

	return has_data || (wait >= 0 && wait < disk_wait) ? wait : disk_wait;
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		services_ended(pid, status); /* others are orphans */
	}
}

static void take_signals(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			reap();
		} else {
			shutdown_run((int)info.ssi_signo);
		}
	}
}

static _Noreturn void loop(int signals, int events)
{
	struct pollfd files[] = {{.fd = signals, .events = POLLIN},
				 {.fd = events, .events = POLLIN}};

	for (;;) {
		struct devices_news news = {false, false};

		poll(files, 2, run_due());
		take_signals(signals);
		if (files[1].revents != 0) {
			news = devices_take(events);
		}
		if (news.has_disk || process_now_ms() >= disk_deadline_ms) {
			settle_data();
		}
		if (news.has_interface) {
			network_scan();
		}
	}
}

static void greet(void)
{
	struct utsname name;
	struct sysinfo info;
	unsigned long long now = process_now_ms();

	uname(&name);
	sysinfo(&info);
	say("Linux %s, %ld CPUs, %lu MiB free, %llu.%03llu s after the kernel's start",
	    name.release, sysconf(_SC_NPROCESSORS_ONLN), info.freeram * info.mem_unit >> 20,
	    now / 1000, now % 1000);
}

int main(void)
{
	int signals = open_signals();
	int events;

	if (getpid() != 1) {
		fprintf(stderr, "init: only the kernel starts this\n");
		return 1;
	}
	setenv("PATH", "/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "linux", 0);
	mounts_base();
	greet();
	network_init();
	events = devices_open();
	devices_coldplug();
	start_shell();
	network_scan();
	disk_deadline_ms = process_now_ms() + DISK_WAIT_MS;
	settle_data();
	loop(signals, events);
}
