/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming the user's process. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "file.h"
#include "in_root.h"
#include "scheduling.h"
#include "text.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static char **strings_of(json *array)
{
	size_t count = json_count(array);
	char **strings = memory_zeroed(count + 2, sizeof(*strings));

	for (size_t i = 0; i < count; i++) {
		strings[i] = (char *)(uintptr_t)json_string_at(array, i);
	}
	return strings;
}

static const char *variable(char **env, const char *name)
{
	size_t length = strlen(name);

	for (; *env; env++) {
		if (!strncmp(*env, name, length) && (*env)[length] == '=') {
			return *env + length + 1;
		}
	}
	return NULL;
}

/* 0, or errno. */
static int check_program(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		return errno;
	}
	if (S_ISDIR(status.st_mode)) {
		return EISDIR;
	}
	return status.st_mode & 0111 ? 0 : EACCES;
}

/* Over the parts of PATH; an empty part is the working directory. */
static char *search(const char *name, const char *path, int *error)
{
	*error = ENOENT;
	while (*path) {
		size_t length = strcspn(path, ":");
		char *candidate = length ? text_format("%.*s/%s", (int)length, path, name)
					 : text_format("./%s", name);
		int wrong = check_program(candidate);
		if (!wrong) {
			return candidate;
		}
		if (wrong == EACCES) {
			*error = EACCES;
		}
		free(candidate);
		path += length + (path[length] == ':');
	}
	return NULL;
}

int process_find(json *process, struct process *p, struct error *e)
{
	int error = ENOENT;

	p->argv = strings_of(json_get_array(process, "args"));
	p->env = strings_of(json_get_array(process, "env"));
	const char *name = p->argv[0] ? p->argv[0] : "";
	if (strchr(name, '/')) {
		error = check_program(name);
		p->path = error ? NULL : text_copy(name);
	} else {
		const char *path = variable(p->env, "PATH");
		p->path = *name ? search(name, path ? path : DEFAULT_PATH, &error) : NULL;
	}
	if (p->path) {
		return 0;
	}
	if (error == ENOENT && !strchr(name, '/')) {
		return error_status(e, 127, 0, "exec: \"%s\": executable file not found in $PATH",
				    name);
	}
	return error_status(e, error == ENOENT || error == ENOTDIR ? 127 : 126, error,
			    "exec: \"%s\"", name);
}

int process_directory(json *process, struct error *e)
{
	const char *path = json_get_string(process, "cwd", "/");
	char now[4096];

	if (chdir(path) < 0) {
		int error = errno;
		int root = error == ENOENT ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		int made = root < 0 ? -1 : in_root_make_dirs(root, path, 0755);
		if (made < 0 || fchdir(made) < 0) {
			return error_set(e, error, "cannot change to the working directory %s",
					 path);
		}
		close(made);
		close(root);
	}
	/* A path through a leaked descriptor could lead out: the kernel then tells "(unreachable)".
	 */
	if (syscall(SYS_getcwd, now, sizeof(now)) < 0 || now[0] != '/') {
		return error_set(e, 0, "the working directory %s lies outside the container", path);
	}
	return 0;
}

/* The least of `keep` that is `from` or more, or UINT_MAX. */
static unsigned next_kept(const int *keep, size_t count, unsigned from)
{
	unsigned least = UINT_MAX;

	for (size_t i = 0; i < count; i++) {
		if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < least) {
			least = (unsigned)keep[i];
		}
	}
	return least;
}

void process_close_others(const struct container *c, const int *keep, size_t count)
{
	unsigned from = 3 + c->preserve_fds;
	unsigned kept;

	while ((kept = next_kept(keep, count, from)) != UINT_MAX) {
		if (kept > from) {
			syscall(SYS_close_range, from, kept - 1, 0);
		}
		from = kept + 1;
	}
	syscall(SYS_close_range, from, ~0u, 0);
}

static int set_groups(json *user, struct error *e)
{
	json *list = json_get_array(user, "additionalGids");
	size_t count = json_count(list);
	gid_t *groups = memory_zeroed(count, sizeof(*groups));

	for (size_t i = 0; i < count; i++) {
		groups[i] = (gid_t)json_object_get_int64(json_object_array_get_idx(list, i));
	}
	int result = setgroups(count, groups);
	int error = errno;
	free(groups);
	/* Refused in a user namespace that an ordinary user mapped: there are none to drop. */
	if (result < 0 && !(error == EPERM && !count)) {
		return error_set(e, error, "cannot set the additional groups");
	}
	return 0;
}

static int set_user(json *process, struct error *e)
{
	json *user = json_get_object(process, "user");
	uid_t uid = (uid_t)json_get_int(user, "uid", 0);
	gid_t gid = (gid_t)json_get_int(user, "gid", 0);
	int64_t mask = json_get_int(user, "umask", 022);

	umask((mode_t)mask & 0777);
	if (set_groups(user, e) < 0) {
		return -1;
	}
	if (setresgid(gid, gid, gid) < 0) {
		return error_set(e, errno, "cannot become group %u", gid);
	}
	if (setresuid(uid, uid, uid) < 0) {
		return error_set(e, errno, "cannot become user %u", uid);
	}
	return 0;
}

/* Standard streams that the new user may open again through /dev/stdout: pipes, sockets, terminals.
 * No other device: it is the host's, and what /dev/null is here, the container may have changed. */
static void own_streams(json *process)
{
	json *user = json_get_object(process, "user");
	uid_t uid = (uid_t)json_get_int(user, "uid", 0);
	struct stat status;

	for (int fd = 0; uid && fd < 3; fd++) {
		if (fstat(fd, &status) == 0 && status.st_uid != uid &&
		    (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(fd))) {
			(void)!fchown(fd, uid, (gid_t)-1);
		}
	}
}

static void default_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		signal(number, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int drop(struct container *c, json *process, struct error *e)
{
	bool no_new_privs = json_get_bool(process, "noNewPrivileges", false);

	own_streams(process);
	if (c->rt->baseline) {
		return set_user(process, e);
	}
	if (scheduling_apply(process, c->linux_config, e) < 0 ||
	    capability_limit_bounding(&c->capabilities, e) < 0) {
		return -1;
	}
	/* Without no_new_privs the filter needs CAP_SYS_ADMIN, which is about to go. */
	if (c->has_filter && !no_new_privs && seccomp_install(&c->filter, e) < 0) {
		return -1;
	}
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || set_user(process, e) < 0) {
		return error_set(e, errno, "cannot keep capabilities over the change of user");
	}
	if (capability_apply(&c->capabilities, e) < 0) {
		return -1;
	}
	if (no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return error_set(e, errno, "cannot set no_new_privs");
	}
	return c->has_filter && no_new_privs ? seccomp_install(&c->filter, e) : 0;
}

int process_execute(struct container *c, json *process, const struct process *p, struct error *e)
{
	default_signals();
	syscall(SYS_close_range, 3 + c->preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC);
	if (drop(c, process, e) < 0) {
		return -1;
	}
	execve(p->path, p->argv, p->env);
	return error_status(e, errno == ENOENT ? 127 : 126, errno, "exec: \"%s\"", p->argv[0]);
}
