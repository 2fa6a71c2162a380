/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts by type. */
#include "mount_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "in_root.h"
#include "mounts.h"
#include "security.h"
#include "text.h"

bool mount_is_bind(json *mount, const struct mount_options *options)
{
	return options->bind || !strcmp(json_get_string(mount, "type", ""), "bind");
}

static int fail(const struct mount_job *job, int error, struct error *e)
{
	return error_set(e, error, "cannot mount %s (%s) at %s", *job->type ? job->type : "bind",
			 job->source, job->at);
}

/* Attributes and propagation of a tree that stands or is about to. */
static int finish(const struct mount_job *job, int tree, uint64_t set, uint64_t clear)
{
	const struct mount_options *o = &job->options;

	if ((set | clear) && mounts_set(tree, set, clear, 0, false) < 0) {
		return -1;
	}
	if ((o->set_all | o->clear_all) &&
	    mounts_set(tree, o->set_all, o->clear_all, 0, true) < 0) {
		return -1;
	}
	return o->propagation ? mounts_set(tree, 0, 0, o->propagation, o->propagation_all) : 0;
}

static bool is_directory(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

static int make_bind(struct mount_job *job, struct error *e)
{
	int tree = job->tree;

	if (tree < 0) {
		tree = mounts_clone_tree(AT_FDCWD, job->source, job->options.recursive);
		if (tree < 0) {
			return fail(job, errno, e);
		}
	}
	int target = mounts_target(job->root, job->at, !is_directory(tree), false);
	if (target < 0) {
		return fail(job, errno, e);
	}
	int result = mounts_attach(tree, target) < 0 ||
				     finish(job, tree, job->options.set, job->options.clear) < 0
			     ? fail(job, errno, e)
			     : 0;
	close(target);
	close(tree);
	return result;
}

static int make_remount(struct mount_job *job, struct error *e)
{
	int target = in_root_open(job->root, job->at, O_PATH, 0);

	if (target < 0) {
		return fail(job, errno, e);
	}
	int result = finish(job, target, job->options.set, job->options.clear);
	result = result < 0 ? fail(job, errno, e) : 0;
	close(target);
	return result;
}

/* What a user namespace may not mount anew, it may still see. */
static int fall_back(struct mount_job *job, int target, struct error *e)
{
	int error = errno;
	const char *from = !strcmp(job->type, "sysfs")    ? "/sys"
			   : !strcmp(job->type, "mqueue") ? "/dev/mqueue"
			   : !strcmp(job->type, "proc")   ? "/proc"
							  : NULL;
	bool allowed = from && (error == EPERM || error == EACCES) &&
		       ((job->c->ns.made | job->c->ns.joined) & CLONE_NEWUSER);
	int tree = allowed ? mounts_clone_tree(AT_FDCWD, from, true) : -1;

	if (tree < 0) {
		return fail(job, error, e);
	}
	int result = mounts_attach(tree, target) < 0 || finish(job, tree, job->options.set, 0) < 0
			     ? fail(job, errno, e)
			     : 0;
	close(tree);
	return result;
}

/* mount(2) takes option strings of any kind in one piece; the target is a descriptor's name. */
static int make_other(struct mount_job *job, int target, struct error *e)
{
	const char *label = security_mount_label(job->c->linux_config);
	const char *data = job->options.data;
	char *labelled = NULL;
	char name[40];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", target);
	if (*label) {
		labelled = text_format("%s%scontext=\"%s\"", data ? data : "",
				       data && *data ? "," : "", label);
	}
	long made = mount(job->source, name, job->type, mount_options_flags(&job->options),
			  labelled ? labelled : data);
	int error = errno;
	free(labelled);
	if (made < 0) {
		return fail(job, error, e);
	}
	if (!job->options.propagation && !job->options.set_all && !job->options.clear_all) {
		return 0;
	}
	int on_top = in_root_open(job->root, job->at, O_PATH, 0);
	int result = on_top < 0 || finish(job, on_top, 0, 0) < 0 ? fail(job, errno, e) : 0;
	if (on_top >= 0) {
		close(on_top);
	}
	return result;
}

/* An access time kind is a value of one field: the default, relatime, is 0. */
static int make_pseudo(struct mount_job *job, int target, struct error *e)
{
	bool tmpfs = !strcmp(job->type, "tmpfs");
	uint64_t later = tmpfs && job->options.copy_up ? job->options.set & MOUNT_ATTR_RDONLY : 0;
	const char *data = job->options.data;
	struct stat hidden;
	char mode[24];

	/* Like the directory it hides, when nothing is said. */
	if (tmpfs && !data && fstat(target, &hidden) == 0) {
		snprintf(mode, sizeof(mode), "mode=%o", (unsigned)(hidden.st_mode & 07777));
		data = mode;
	}
	/* proc and sysfs have labels of their own; mqueue's root alone takes one. */
	const char *label = security_mount_label(job->c->linux_config);
	bool mqueue = !strcmp(job->type, "mqueue");
	int fd = mounts_new(job->type, job->source, data, job->options.super,
			    job->options.set & ~later,
			    tmpfs || !strcmp(job->type, "devpts") ? label : "");
	if (fd < 0) {
		return fall_back(job, target, e);
	}
	int result = tmpfs && job->options.copy_up ? mount_copy_up(target, fd, e) : 0;
	if (result == 0 && mqueue && *label && security_label_root(fd, label) < 0) {
		result = fail(job, errno, e);
	}
	if (result == 0 && (mounts_attach(fd, target) < 0 || finish(job, fd, later, 0) < 0)) {
		result = fail(job, errno, e);
	}
	close(fd);
	return result;
}

static bool is_one_of(const char *type, const char *const *list)
{
	while (*list && strcmp(*list, type)) {
		list++;
	}
	return *list;
}

int mount_kinds_make(struct mount_job *job, struct error *e)
{
	static const char *const pseudo[] = {"proc", "sysfs", "tmpfs", "mqueue", "devpts", NULL};
	static const char *const guarded[] = {"proc", "sysfs", NULL};

	if (job->options.remount) {
		return make_remount(job, e);
	}
	if (job->bind) {
		return make_bind(job, e);
	}
	int target = mounts_target(job->root, job->at, false, is_one_of(job->type, guarded));
	if (target < 0) {
		return errno == ELOOP ? error_set(e, 0,
						  "cannot mount %s at %s: a symbolic link of the "
						  "root file system is in the way",
						  job->type, job->at)
				      : fail(job, errno, e);
	}
	int result;
	if (is_one_of(job->type, pseudo)) {
		result = make_pseudo(job, target, e);
	} else if (!strcmp(job->type, "cgroup") || !strcmp(job->type, "cgroup2")) {
		result = mount_cgroup_make(job, target, e);
	} else {
		result = make_other(job, target, e);
	}
	close(target);
	return result;
}
