/* SPDX-License-Identifier: Apache-2.0 */
#include "group.h"

#include "file.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define GROUPS    "/sys/fs/cgroup"
#define LIST_MAX  (1u << 20)
#define TRIES     50       /* a process that has just ended is in its group for a moment */
#define TRY_PAUSE 2000000l /* nanoseconds */

static bool has_groups(void)
{
	struct statfs is;

	return statfs(GROUPS, &is) == 0 && is.f_type == CGROUP2_SUPER_MAGIC;
}

/* systemd's form, SLICE:PREFIX:NAME, is for systemd: where these partitions are made there is none.
 */
static bool is_plain(const char *path)
{
	return *path != '\0' && strchr(path, ':') == NULL;
}

bool group_enter(json *config, char **path, char **error)
{
	const char *wish = json_get_string(json_get_object(config, "linux"), "cgroupsPath", "");
	char *procs;
	bool is_in;

	*path = NULL;
	if (!is_plain(wish) || !has_groups()) {
		return true;
	}
	if (strstr(wish, "..") != NULL) {
		*error = text_format("linux.cgroupsPath %s: .. is in it", wish);
		return false;
	}
	*path = text_format(GROUPS "/%s", wish + strspn(wish, "/"));
	procs = text_format("%s/cgroup.procs", *path);
	is_in = file_make_dirs(*path, 0755) == 0 && file_put_at(AT_FDCWD, procs, "0") == 0;
	if (!is_in) {
		*error = text_format("control group %s: %s", *path, strerror(errno));
	}
	free(procs);
	return is_in;
}

void group_follow(const char *path)
{
	char *procs = path != NULL ? text_format("%s/cgroup.procs", path) : NULL;

	if (procs != NULL) {
		(void)file_put_at(AT_FDCWD, procs, "0");
	}
	free(procs);
}

void group_remove(const char *path)
{
	struct timespec pause = {.tv_nsec = TRY_PAUSE};

	for (int i = 0; path != NULL && i < TRIES && rmdir(path) != 0 && errno == EBUSY; i++) {
		nanosleep(&pause, NULL);
	}
}

json *group_processes(const char *path, int pid)
{
	char *procs = path != NULL ? text_format("%s/cgroup.procs", path) : NULL;
	struct text text = {.data = NULL};
	json *list = json_object_new_array();
	char *at;
	char *end;

	if (procs != NULL && file_read_at(AT_FDCWD, procs, &text, LIST_MAX) == 0) {
		for (at = text.data; at != NULL && *at != '\0'; at = end + (*end == '\n')) {
			long number = strtol(at, &end, 10);

			if (end == at) {
				break;
			}
			json_object_array_add(list, json_object_new_int64(number));
		}
	} else if (pid > 0) {
		json_object_array_add(list, json_object_new_int(pid));
	}
	text_free(&text);
	free(procs);
	return list;
}
