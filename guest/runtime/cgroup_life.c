/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of a cgroup: joining, counting, freezing, killing; and its end. */
#include "cgroup_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "timestamp.h"

#define WAIT_MS      10000
#define KILL_ROUNDS  100
#define PIDS_LIMIT   (8 << 20) /* bytes of cgroup.procs */
#define EVENTS_LIMIT 4096

/* Closes `dir`. */
static int walk(int dir, int (*visit)(int dir, void *context), void *context, int depth)
{
	DIR *list = depth < CGROUP_DEPTH ? fdopendir(dir) : NULL;
	struct dirent *entry;
	int result = 0;

	if (!list) {
		close(dir);
		return -1;
	}
	while (result == 0 && (entry = readdir(list))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.') {
			continue;
		}
		int below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (below >= 0) {
			result = walk(below, visit, context, depth + 1);
		}
	}
	result = result ? result : visit(dir, context);
	closedir(list);
	return result;
}

int cgroup_walk(int dir, int (*visit)(int dir, void *context), void *context)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return copy < 0 ? -1 : walk(copy, visit, context, 0);
}

struct pid_list {
	pid_t *pids;
	size_t count;
	size_t room;
};

static int add_pids(int dir, void *context)
{
	struct pid_list *list = context;
	struct text text = {0};

	/* One that is removed meanwhile has none; a threaded one shows them above it. */
	if (file_read_at(dir, "cgroup.procs", &text, PIDS_LIMIT) == 0) {
		char *end;
		for (char *next = text.data; *next; next = end) {
			long pid = strtol(next, &end, 10);
			if (end == next) {
				break;
			}
			end += *end == '\n';
			/* 0: of a PID namespace out of sight. */
			if (pid <= 0) {
				continue;
			}
			if (list->count == list->room) {
				list->room = list->room ? list->room * 2 : 64;
				list->pids =
					memory_resize(list->pids, list->room, sizeof(*list->pids));
			}
			list->pids[list->count++] = (pid_t)pid;
		}
	}
	text_free(&text);
	return 0;
}

int cgroup_pids(struct cgroup *cg, pid_t **pids, size_t *count, struct error *e)
{
	struct pid_list list = {0};

	*pids = NULL;
	*count = 0;
	if (cg->fd < 0) {
		return 0;
	}
	if (cgroup_walk(cg->fd, add_pids, &list) < 0) {
		free(list.pids);
		return error_set(e, errno, "cannot read the processes of %s", cg->path);
	}
	*pids = list.pids;
	*count = list.count;
	return 0;
}

static int join_busy(int dir, void *context)
{
	return cgroup_has_process(dir) && file_put_at(dir, "cgroup.procs", context) == 0;
}

int cgroup_join(struct cgroup *cg, pid_t pid, struct error *e)
{
	char text[32];

	if (cg->fd < 0) {
		return 0;
	}
	snprintf(text, sizeof(text), "%d", (int)pid);
	if (file_put_at(cg->fd, "cgroup.procs", text) == 0) {
		return 0;
	}
	int number = errno;
	/* A container that made cgroups of its own hands controllers down and has no process in
	 * this one. */
	if ((number == EBUSY || number == EOPNOTSUPP) &&
	    cgroup_walk(cg->fd, join_busy, text) == 1) {
		return 0;
	}
	return error_set(e, number, "cannot move process %d into the cgroup %s", (int)pid,
			 cg->path);
}

/* The value of a line of cgroup.events, -1 where there is none. */
static int event_value(int events, const char *key)
{
	char text[EVENTS_LIMIT];
	ssize_t count = pread(events, text, sizeof(text) - 1, 0);

	if (count < 0) {
		return -1;
	}
	text[count] = '\0';
	const char *line = strstr(text, key);
	return line && line[strlen(key)] == ' ' ? atoi(line + strlen(key)) : -1;
}

/* 1: it is so, 0: not in time, -1: it cannot be told. */
static int wait_event(struct cgroup *cg, const char *key, int value, int limit_ms)
{
	int events = openat(cg->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t end = timestamp_ms() + limit_ms;
	int found = event_value(events, key);

	while (found >= 0 && found != value) {
		int64_t left = end - timestamp_ms();
		struct pollfd wait = {.fd = events, .events = POLLPRI};
		if (left <= 0 || (poll(&wait, 1, (int)left) < 0 && errno != EINTR)) {
			break;
		}
		found = event_value(events, key);
	}
	file_close(events);
	return found < 0 ? -1 : found == value;
}

int cgroup_freeze(struct cgroup *cg, bool is_frozen, struct error *e)
{
	if (cg->fd < 0) {
		return error_set(e, 0, "cannot %s the container: it has no cgroup (%s)",
				 is_frozen ? "freeze" : "thaw",
				 cg->why_none ? cg->why_none : "none was made");
	}
	if (file_put_at(cg->fd, "cgroup.freeze", is_frozen ? "1" : "0") < 0) {
		return error_set(e, errno, "cannot write cgroup.freeze of %s", cg->path);
	}
	if (wait_event(cg, "frozen", is_frozen, WAIT_MS) == 1) {
		return 0;
	}
	if (is_frozen) {
		file_put_at(cg->fd, "cgroup.freeze", "0");
	}
	return error_set(e, 0, "the processes of %s did not %s within %d s", cg->path,
			 is_frozen ? "freeze" : "thaw", WAIT_MS / 1000);
}

int cgroup_is_frozen(struct cgroup *cg)
{
	struct text text = {0};
	int result = cg->fd >= 0 &&
		     file_read_at(cg->fd, "cgroup.freeze", &text, EVENTS_LIMIT) == 0 &&
		     text.data[0] == '1';

	text_free(&text);
	return result;
}

/* What cgroup.kill does since Linux 5.14. */
static int kill_by_signals(struct cgroup *cg, struct error *e)
{
	struct error ignored = {0};
	bool is_frozen = cgroup_freeze(cg, true, &ignored) == 0;
	size_t count = 1;

	error_free(&ignored);
	for (int round = 0; round < KILL_ROUNDS && count; round++) {
		pid_t *pids;
		if (cgroup_pids(cg, &pids, &count, e) < 0) {
			return -1;
		}
		for (size_t i = 0; i < count; i++) {
			kill(pids[i], SIGKILL);
		}
		free(pids);
		if (is_frozen) {
			break;
		}
	}
	return is_frozen ? cgroup_freeze(cg, false, e) : 0;
}

int cgroup_kill(struct cgroup *cg, struct error *e)
{
	if (cg->fd < 0) {
		return 0;
	}
	if (file_put_at(cg->fd, "cgroup.kill", "1") == 0 || errno == ENODEV) {
		return 0;
	}
	if (errno != ENOENT) {
		return error_set(e, errno, "cannot write cgroup.kill of %s", cg->path);
	}
	return kill_by_signals(cg, e);
}

/* Removes the cgroups below `dir`; what fails is seen when `dir` itself is removed. */
static int remove_below(int dir, void *context)
{
	DIR *list = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	(void)context;
	while (list && (entry = readdir(list))) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			unlinkat(dir, entry->d_name, AT_REMOVEDIR);
		}
	}
	if (list) {
		closedir(list);
	}
	return 0;
}

bool cgroup_remove_empty(struct cgroup *cg)
{
	return cg->fd < 0 || rmdir(cg->path) == 0 || errno == ENOENT;
}

int cgroup_remove(struct cgroup *cg, struct error *e)
{
	struct timespec pause = {.tv_nsec = 200000};

	if (cgroup_remove_empty(cg)) {
		return 0;
	}
	int64_t end = timestamp_ms() + WAIT_MS;
	while (errno == EBUSY && timestamp_ms() < end) {
		cgroup_walk(cg->fd, remove_below, NULL);
		if (rmdir(cg->path) == 0 || errno == ENOENT) {
			return 0;
		}
		int number = errno;
		nanosleep(&pause, NULL);
		pause.tv_nsec = pause.tv_nsec < 50000000 ? pause.tv_nsec * 2 : pause.tv_nsec;
		errno = number;
	}
	return error_set(e, errno, "cannot remove the cgroup %s", cg->path);
}
