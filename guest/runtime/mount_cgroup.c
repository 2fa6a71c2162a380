/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup file system of a container shows its own cgroup alone. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "file.h"
#include "in_root.h"
#include "mount_kinds.h"
#include "mounts.h"
#include "security.h"
#include "text.h"

#define MOUNT_POINT "/sys/fs/cgroup"
#define LIST_LIMIT  65536u

static int fail(const struct mount_job *job, int error, struct error *e)
{
	return error_set(e, error, "cannot mount the cgroup at %s", job->at);
}

static int attach(const struct mount_job *job, int tree, int target, struct error *e)
{
	uint64_t set = job->options.set;
	int result = tree < 0 || mounts_set(tree, set, 0, 0, false) < 0 ||
				     mounts_attach(tree, target) < 0
			     ? fail(job, errno, e)
			     : 0;

	if (tree >= 0) {
		close(tree);
	}
	return result;
}

/* The container's directory of a hierarchy, as the runtime sees it. In a new cgroup namespace its
 * own path reads "/", so that the path is asked of the state. */
static int bind_own(const struct mount_job *job, const char *hierarchy, const char *path,
		    int target, struct error *e)
{
	char *from = text_format("%s%s", hierarchy, path);
	int tree = mounts_clone_tree(AT_FDCWD, from, false);

	free(from);
	return attach(job, tree, target, e);
}

static int mount_v2(const struct mount_job *job, int target, struct error *e)
{
	int tree = -1;

	if (job->c->ns.made & CLONE_NEWCGROUP) {
		tree = mounts_new("cgroup2", "cgroup", NULL, 0, job->options.set, "");
		if (tree >= 0) {
			return attach(job, tree, target, e);
		}
	}
	const char *path = job->c->cgroup ? cgroup_path(job->c->cgroup) : "";
	if (path && !strncmp(path, MOUNT_POINT "/", sizeof(MOUNT_POINT))) {
		path += sizeof(MOUNT_POINT) - 1;
	}
	return bind_own(job, MOUNT_POINT, path && *path == '/' ? path : "/", target, e);
}

/* One line of /proc/self/cgroup: "4:memory:/path". */
static int mount_hierarchy(const struct mount_job *job, int tmpfs, char *line, struct error *e)
{
	char *name = strchr(line, ':');
	char *path = name ? strchr(name + 1, ':') : NULL;

	if (!path || path == name + 1) {
		return 0;
	}
	*path++ = '\0';
	name++;
	name += strncmp(name, "name=", 5) ? 0 : 5;
	char *hierarchy = text_format(MOUNT_POINT "/%s", name);
	struct stat status;
	int result = 0;
	if (stat(hierarchy, &status) == 0 && mkdirat(tmpfs, name, 0755) == 0) {
		int target = openat(tmpfs, name, O_PATH | O_CLOEXEC);
		int tree = -1;
		if (job->c->ns.made & CLONE_NEWCGROUP) {
			tree = mounts_new("cgroup", "cgroup", strncmp(line, "0:", 2) ? name : NULL,
					  0, job->options.set, "");
		}
		result = tree >= 0 ? attach(job, tree, target, e)
				   : bind_own(job, hierarchy, path, target, e);
		close(target);
	}
	free(hierarchy);
	return result;
}

static int mount_v1(const struct mount_job *job, int target, struct error *e)
{
	struct text list = {0};
	char *rest = NULL;
	uint64_t rest_of_set = job->options.set & ~(uint64_t)MOUNT_ATTR_RDONLY;
	int tmpfs = mounts_new("tmpfs", "cgroup", "mode=755", 0, rest_of_set,
			       security_mount_label(job->c->linux_config));

	if (tmpfs < 0 || mounts_attach(tmpfs, target) < 0 ||
	    file_read_at(AT_FDCWD, "/proc/self/cgroup", &list, LIST_LIMIT) < 0) {
		return fail(job, errno, e);
	}
	int result = 0;
	for (char *line = strtok_r(list.data, "\n", &rest); line && result == 0;
	     line = strtok_r(NULL, "\n", &rest)) {
		result = mount_hierarchy(job, tmpfs, line, e);
	}
	text_free(&list);
	if (result == 0 &&
	    mounts_set(tmpfs, job->options.set & MOUNT_ATTR_RDONLY, 0, 0, false) < 0) {
		result = fail(job, errno, e);
	}
	close(tmpfs);
	return result;
}

int mount_cgroup_make(struct mount_job *job, int target, struct error *e)
{
	struct statfs fs;

	if (statfs(MOUNT_POINT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		return mount_v2(job, target, e);
	}
	return mount_v1(job, target, e);
}
