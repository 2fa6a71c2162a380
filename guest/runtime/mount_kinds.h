/* SPDX-License-Identifier: Apache-2.0 */
/* One mount, by what it is: bind, tmpfs, proc, sysfs, cgroup, any other. */
#pragma once

#include <stdbool.h>
#include "container.h"
#include "mount_options.h"

struct mount_job {
	struct container *c;
	int root; /* of the container, O_PATH */
	const char *type;
	const char *source;
	const char *at; /* inside the root */
	int tree;       /* source that the runtime opened; -1: by path */
	bool bind;
	struct mount_options options;
};

bool mount_is_bind(json *mount, const struct mount_options *options);
int mount_kinds_make(struct mount_job *job, struct error *e);

/* mount_cgroup.c: the container's own cgroup, v2 or a tmpfs with the v1 hierarchies. */
int mount_cgroup_make(struct mount_job *job, int target, struct error *e);
/* mount_copy.c: fills a new tmpfs with a copy of the directory it will hide. */
int mount_copy_up(int from, int to, struct error *e);
