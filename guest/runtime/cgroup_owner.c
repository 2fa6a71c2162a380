/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-spec, config-linux.md "Cgroup ownership". */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include "cgroup.h"
#include "cgroup_private.h"
#include "file.h"
#include "text.h"

#define LIST_LIMIT 4096u

static bool is_writable_inside(json *config)
{
	json *list = json_get_array(config, "mounts");

	for (size_t i = 0; i < json_count(list); i++) {
		json *mount = json_object_array_get_idx(list, i);
		if (!strcmp(json_get_string(mount, "source", ""), "cgroup") &&
		    !strcmp(json_get_string(mount, "destination", ""), "/sys/fs/cgroup")) {
			return !json_has_string(json_get_array(mount, "options"), "ro");
		}
	}
	return false;
}

/* The host's number of process.user.uid; -1: it has none. */
static int64_t host_uid(json *config, bool has_maps)
{
	json *user = json_get_object(json_get_object(config, "process"), "user");
	json *maps = json_get_array(json_get_object(config, "linux"), "uidMappings");
	int64_t uid = json_get_int(user, "uid", 0);

	if (!has_maps) {
		return uid;
	}
	for (size_t i = 0; i < json_count(maps); i++) {
		json *map = json_object_array_get_idx(maps, i);
		int64_t first = json_get_int(map, "containerID", 0);
		if (uid >= first && uid - first < json_get_int(map, "size", 0)) {
			return json_get_int(map, "hostID", 0) + uid - first;
		}
	}
	return -1;
}

static int give_file(int dir, const char *name, uid_t uid)
{
	return fchownat(dir, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT ? -1
											       : 0;
}

int cgroup_give(struct cgroup *cg, json *config, int made, struct error *e)
{
	static const char usual[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	struct text list = {0};
	char *rest = NULL;

	if (!cg || cg->fd < 0 || !(made & CLONE_NEWCGROUP) || !is_writable_inside(config)) {
		return 0;
	}
	int64_t uid = host_uid(config, made & CLONE_NEWUSER);
	if (uid <= 0) {
		return 0;
	}
	if (file_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", &list, LIST_LIMIT) < 0) {
		text_free(&list);
		text_puts(&list, usual);
	}
	int result = fchownat(cg->fd, "", (uid_t)uid, (gid_t)-1, AT_EMPTY_PATH);
	for (char *name = list.data ? strtok_r(list.data, "\n", &rest) : NULL; name && result == 0;
	     name = strtok_r(NULL, "\n", &rest)) {
		result = give_file(cg->fd, name, (uid_t)uid);
	}
	text_free(&list);
	return result < 0 ? error_set(e, errno, "cannot give the cgroup %s to user %lld", cg->path,
				      (long long)uid)
			  : 0;
}
