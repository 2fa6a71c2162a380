/* SPDX-License-Identifier: Apache-2.0 */
/* Making and joining namespaces. */
#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "file.h"
#include "text.h"

#define NSFS_MAGIC 0x6e736673

static const struct {
	const char *name;
	int flag;
} KINDS[] = {
	{"user", CLONE_NEWUSER},     {"pid", CLONE_NEWPID},   {"network", CLONE_NEWNET},
	{"mount", CLONE_NEWNS},      {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},
	{"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
};
#define KIND_COUNT (sizeof(KINDS) / sizeof(*KINDS))

const char *namespaces_name(int flag)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (KINDS[i].flag == flag) {
			return KINDS[i].name;
		}
	}
	return NULL;
}

int namespaces_flag(const char *name)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (!strcmp(KINDS[i].name, name)) {
			return KINDS[i].flag;
		}
	}
	return 0;
}

static int open_namespace(const char *path, int flag, struct error *e)
{
	struct statfs fs;

	if (path[0] != '/') {
		return error_set(e, 0, "the path of a namespace must be absolute: %s", path);
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		return error_set(e, errno, "cannot open the %s namespace %s", namespaces_name(flag),
				 path);
	}
	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC ||
	    (int)ioctl(fd, NS_GET_NSTYPE) != flag) {
		close(fd);
		return error_set(e, 0, "%s is not a %s namespace", path, namespaces_name(flag));
	}
	return fd;
}

static int read_one(json *entry, struct namespaces *ns, struct error *e)
{
	const char *type = json_get_string(entry, "type", "");
	const char *path = json_get_string(entry, "path", "");
	int flag = namespaces_flag(type);

	if (!flag) {
		return error_set(e, 0, "linux.namespaces: there is no namespace of type \"%s\"",
				 type);
	}
	if ((ns->made | ns->joined) & flag) {
		return error_set(e, 0, "linux.namespaces: \"%s\" is there twice", type);
	}
	if (!*path) {
		ns->made |= flag;
		return 0;
	}
	int fd = open_namespace(path, flag, e);
	if (fd < 0) {
		return -1;
	}
	ns->joined |= flag;
	ns->join[ns->join_count].flag = flag;
	ns->join[ns->join_count++].fd = fd;
	return 0;
}

int namespaces_read(json *linux_config, struct namespaces *ns, struct error *e)
{
	json *list = json_get_array(linux_config, "namespaces");

	*ns = (struct namespaces){0};
	for (size_t i = 0; i < json_count(list); i++) {
		if (read_one(json_object_array_get_idx(list, i), ns, e) < 0) {
			namespaces_close(ns);
			return -1;
		}
	}
	return 0;
}

void namespaces_close(struct namespaces *ns)
{
	for (size_t i = 0; i < ns->join_count; i++) {
		close(ns->join[i].fd);
	}
	ns->join_count = 0;
}

int namespaces_joined_fd(const struct namespaces *ns, int flag)
{
	for (size_t i = 0; i < ns->join_count; i++) {
		if (ns->join[i].flag == flag) {
			return ns->join[i].fd;
		}
	}
	return -1;
}

static int join_one(const struct namespaces *ns, int flag, struct error *e)
{
	for (size_t i = 0; i < ns->join_count; i++) {
		if (ns->join[i].flag == flag && setns(ns->join[i].fd, flag) < 0) {
			return error_set(e, errno, "cannot join the %s namespace",
					 namespaces_name(flag));
		}
	}
	return 0;
}

int namespaces_join(const struct namespaces *ns, int flags, struct error *e)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		/* The mount namespace last: paths of the others count in the caller's. */
		if ((flags & KINDS[i].flag) && KINDS[i].flag != CLONE_NEWNS &&
		    join_one(ns, KINDS[i].flag, e) < 0) {
			return -1;
		}
	}
	return flags & CLONE_NEWNS ? join_one(ns, CLONE_NEWNS, e) : 0;
}

bool namespaces_need_stage(const struct namespaces *ns)
{
	return (ns->joined & (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWTIME)) ||
	       (ns->made & CLONE_NEWTIME) || ((ns->made & CLONE_NEWUSER) && ns->joined);
}

static int offset_of(json *offsets, const char *clock, int number, struct text *lines,
		     struct error *e)
{
	json *offset = json_get_object(offsets, clock);

	if (!offset) {
		return 0;
	}
	int64_t nanoseconds = json_get_int(offset, "nanosecs", 0);
	if (nanoseconds < 0 || nanoseconds > 999999999) {
		return error_set(e, 0, "linux.timeOffsets.%s.nanosecs must be 0 to 999999999",
				 clock);
	}
	text_printf(lines, "%d %lld %lld\n", number, (long long)json_get_int(offset, "secs", 0),
		    (long long)nanoseconds);
	return 0;
}

int namespaces_time_offsets(json *linux_config, struct error *e)
{
	json *offsets = json_get_object(linux_config, "timeOffsets");
	struct text lines = {0};
	/* clock numbers of clock_gettime(2), CLOCK_MONOTONIC and CLOCK_BOOTTIME */
	int result = offset_of(offsets, "monotonic", 1, &lines, e);

	if (result == 0) {
		result = offset_of(offsets, "boottime", 7, &lines, e);
	}
	if (result == 0 && lines.data &&
	    file_put_at(AT_FDCWD, "/proc/self/timens_offsets", lines.data) < 0) {
		result = error_set(e, errno, "cannot set linux.timeOffsets");
	}
	text_free(&lines);
	return result;
}

pid_t namespaces_clone(int flags, int cgroup_fd)
{
	struct clone_args arguments = {
		.flags = (unsigned long long)(unsigned)flags,
		/* The kernel wants none with CLONE_PARENT: the caller's own is taken. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (cgroup_fd >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (unsigned long long)cgroup_fd;
	}
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}
