/* SPDX-License-Identifier: Apache-2.0 */
/* Writing uid_map and gid_map. */
#include "usermap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "file.h"
#include "namespaces.h"
#include "spawn.h"
#include "text.h"

#define MAP_LIMIT 340 /* lines, user_namespaces(7) */

static int lines_of(json *map, const char *what, struct text *lines, struct error *e)
{
	size_t count = json_count(map);

	if (!count || count > MAP_LIMIT) {
		return error_set(e, 0, "%s must have 1 to %d entries for a new user namespace",
				 what, MAP_LIMIT);
	}
	for (size_t i = 0; i < count; i++) {
		json *entry = json_at(map, i);
		int64_t inside = json_get_int(entry, "containerID", -1);
		int64_t outside = json_get_int(entry, "hostID", -1);
		int64_t size = json_get_int(entry, "size", -1);
		if (inside < 0 || outside < 0 || size < 1 || inside > UINT32_MAX ||
		    outside > UINT32_MAX || size > UINT32_MAX) {
			return error_set(e, 0, "%s: entry %zu is no mapping", what, i);
		}
		text_printf(lines, "%lld %lld %lld\n", (long long)inside, (long long)outside,
			    (long long)size);
	}
	return 0;
}

static int write_map(pid_t pid, const char *file, const char *lines, struct error *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return file_put_at(AT_FDCWD, path, lines) < 0
		       ? error_set(e, errno, "cannot write the %s of a user namespace", file)
		       : 0;
}

/* newuidmap PID 0 1000 1 1 100000 65536 */
static int run_helper(const char *program, pid_t pid, const char *lines, struct error *e)
{
	char *copy = text_format("%s %d %s", program, (int)pid, lines);
	char **argv = memory_zeroed(strlen(copy) / 2 + 2, sizeof(*argv));
	size_t count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(copy, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		argv[count++] = word;
	}
	const struct spawn_fd error_out = {.fd = STDERR_FILENO, .as = STDERR_FILENO};
	const struct spawn spawn = {
		.path = program, .argv = argv, .fds = &error_out, .fd_count = 1};
	pid_t child = spawn_start(&spawn, NULL);
	int error = errno;
	int status = child < 0 ? -1 : spawn_wait(child);
	free(argv);
	free(copy);
	if (child < 0) {
		return error_set(e, error, "cannot run %s (package uidmap)", program);
	}
	return status ? error_set(e, 0, "%s refused the mapping; see /etc/subuid and /etc/subgid",
				  program)
		      : 0;
}

/* One line that maps the caller alone may be written without privilege. */
static bool is_self(json *map, unsigned self)
{
	json *entry = json_count(map) == 1 ? json_at(map, 0) : NULL;

	return entry && json_get_int(entry, "hostID", -1) == (int64_t)self &&
	       json_get_int(entry, "size", 0) == 1;
}

int usermap_write(pid_t pid, json *uids, json *gids, struct error *e)
{
	struct text uid_lines = {0}, gid_lines = {0};
	uid_t self = geteuid();
	int result = lines_of(uids, "linux.uidMappings", &uid_lines, e);

	if (result == 0) {
		result = lines_of(gids, "linux.gidMappings", &gid_lines, e);
	}
	if (result == 0 && self == 0) {
		result = write_map(pid, "uid_map", uid_lines.data, e);
		result = result ? result : write_map(pid, "gid_map", gid_lines.data, e);
	} else if (result == 0) {
		if (is_self(uids, self)) {
			result = write_map(pid, "uid_map", uid_lines.data, e);
		} else {
			result = run_helper("newuidmap", pid, uid_lines.data, e);
		}
		if (result == 0 && is_self(gids, getegid())) {
			result = write_map(pid, "setgroups", "deny", e);
			result = result ? result : write_map(pid, "gid_map", gid_lines.data, e);
		} else if (result == 0) {
			result = run_helper("newgidmap", pid, gid_lines.data, e);
		}
	}
	text_free(&uid_lines);
	text_free(&gid_lines);
	return result;
}

int usermap_namespace(json *uids, json *gids, struct error *e)
{
	char path[64];
	int fd = -1;
	pid_t pid = namespaces_clone(CLONE_NEWUSER, -1);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	if (pid < 0) {
		return error_set(e, errno, "cannot make a user namespace for an idmapped mount");
	}
	if (usermap_write(pid, uids, gids, e) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			error_set(e, errno, "cannot open %s", path);
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}
