/* SPDX-License-Identifier: Apache-2.0 */
/* kill and delete. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "cgroup.h"
#include "command.h"
#include "create.h"

#define END_LIMIT 10000 /* milliseconds that a killed process may take to end */

int command_signal(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (isdigit((unsigned char)*text)) {
		return *end || number >= NSIG ? -1 : (int)number;
	}
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);
		if (known && !strcasecmp(known, name)) {
			return i;
		}
	}
	if (!strncasecmp(name, "RTMIN+", 6) && isdigit((unsigned char)name[6])) {
		number = (unsigned long)SIGRTMIN + strtoul(name + 6, &end, 10);
		return *end || number > (unsigned long)SIGRTMAX ? -1 : (int)number;
	}
	return -1;
}

/* A descriptor of the first process, proved to be the one of create; -1 when it has ended. */
static int open_process(const struct state *s)
{
	int fd = (int)syscall(SYS_pidfd_open, s->pid, 0);

	if (fd >= 0 && state_pid_start(s->pid) != s->pid_start) {
		close(fd);
		return -1;
	}
	return fd;
}

static int kill_first(struct runtime *rt, const struct state *s, int number)
{
	int fd = open_process(s);

	if (fd < 0) {
		return error_set(&rt->error, 0, "cannot kill %s: its process has ended", s->id);
	}
	int result = (int)syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
	if (result < 0) {
		error_set(&rt->error, errno, "cannot send signal %d to %s", number, s->id);
	}
	close(fd);
	return result;
}

/* All processes of its cgroup; without one there is only the first to be known. */
static int kill_each(struct runtime *rt, const struct state *s, int number)
{
	struct cgroup *cgroup = NULL;
	pid_t *pids = NULL;
	size_t count = 0;
	int result = cgroup_reopen(&cgroup, s->cgroup, &rt->error);

	if (result == 0 && (!cgroup || !*cgroup_path(cgroup))) {
		result = s->status == STATE_STOPPED ? 0 : kill_first(rt, s, number);
	} else if (result == 0 && number == SIGKILL) {
		result = cgroup_kill(cgroup, &rt->error);
	} else if (result == 0) {
		result = cgroup_pids(cgroup, &pids, &count, &rt->error);
		for (size_t i = 0; i < count; i++) {
			kill(pids[i], number);
		}
	}
	free(pids);
	cgroup_close(cgroup);
	return result;
}

static int do_kill(struct runtime *rt, const char *id, int number, bool all)
{
	struct state s = {.dir = -1};
	int result = state_load(rt, id, &s);

	if (result == 0 && all) {
		result = kill_each(rt, &s, number);
	} else if (result == 0 && (s.status == STATE_STOPPED || s.status == STATE_CREATING)) {
		result =
			error_set(&rt->error, 0, "cannot kill %s: container not running (it is %s)",
				  id, state_status_name(s.status));
	} else if (result == 0) {
		result = kill_first(rt, &s, number);
	}
	state_free(&s);
	return result;
}

int cmd_kill(struct runtime *rt, int argc, char **argv)
{
	static const struct option options[] = {{"all", no_argument, NULL, 'a'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	bool all = false;

	for (int option; (option = getopt_long(argc, argv, "+ah", options, NULL)) != -1;) {
		if (option == 'h') {
			printf("Usage: %s kill [--all] ID [SIGNAL]\n", rt->program);
			return 0;
		}
		if (option != 'a') {
			return error_status(&rt->error, 2, 0, "kill knows --all alone") + 3;
		}
		all = true;
	}
	if (optind >= argc || argc > optind + 2) {
		error_set(&rt->error, 0, "kill wants a container id and a signal");
		return 2;
	}
	int number = optind + 1 < argc ? command_signal(argv[optind + 1]) : SIGTERM;
	if (number < 0) {
		error_set(&rt->error, 0, "there is no signal \"%s\"", argv[optind + 1]);
		return 1;
	}
	return do_kill(rt, argv[optind], number, all) < 0 ? 1 : 0;
}

/* SIGKILL, thawed if it was frozen, and waits for the end. */
static int end_it(struct runtime *rt, struct state *s)
{
	int fd = open_process(s);
	struct pollfd waited = {.fd = fd, .events = POLLIN};
	struct cgroup *cgroup = NULL;
	int result = 0;

	if (fd < 0) {
		return 0;
	}
	/* What is left of the others is create_undo()'s. */
	kill_each(rt, s, SIGKILL);
	error_free(&rt->error);
	syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	if (s->status == STATE_PAUSED && cgroup_reopen(&cgroup, s->cgroup, &rt->error) == 0 &&
	    cgroup) {
		cgroup_freeze(cgroup, false, &rt->error);
		cgroup_close(cgroup);
	}
	if (poll(&waited, 1, END_LIMIT) == 0) {
		result = error_set(&rt->error, 0, "%s does not end after SIGKILL", s->id);
	}
	close(fd);
	return result;
}

static int do_delete(struct runtime *rt, struct state *s, bool force)
{
	if (s->status == STATE_CREATING) {
		return error_set(&rt->error, 0, "cannot delete %s: it is being created", s->id);
	}
	if (s->status != STATE_STOPPED && !force) {
		return error_set(&rt->error, 0,
				 "cannot delete %s: it is %s; kill it first, or use "
				 "--force",
				 s->id, state_status_name(s->status));
	}
	if (s->status != STATE_STOPPED && end_it(rt, s) < 0) {
		return -1;
	}
	json *config = state_config(rt, s, NULL);
	error_free(&rt->error);
	s->status = STATE_STOPPED;
	int result = create_undo(rt, s, config, s->pid > 0);
	json_object_put(config);
	return result;
}

int cmd_delete(struct runtime *rt, int argc, char **argv)
{
	static const struct option options[] = {{"force", no_argument, NULL, 'f'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	bool force = false;
	struct state s = {.dir = -1};

	for (int option; (option = getopt_long(argc, argv, "+fh", options, NULL)) != -1;) {
		if (option == 'h') {
			printf("Usage: %s delete [--force] ID\n", rt->program);
			return 0;
		}
		if (option != 'f') {
			return error_status(&rt->error, 2, 0, "delete knows --force alone") + 3;
		}
		force = true;
	}
	if (optind != argc - 1) {
		error_set(&rt->error, 0, "delete wants one container id");
		return 2;
	}
	int result = state_open_locked(rt, argv[optind], &s);
	if (result < 0 && force && !s.id && state_id_valid(argv[optind])) {
		/* As runc: forcing what is not there to be gone is done. */
		error_free(&rt->error);
		result = 0;
	} else if (result == 0) {
		result = do_delete(rt, &s, force);
	}
	state_free(&s);
	return result < 0 ? 1 : 0;
}
