/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, making and opening a cgroup. */
#include "cgroup_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "file.h"

#define DEFAULT_PARENT "bulkhead"
#define PATH_LIMIT     4096

static struct cgroup *none(char *why)
{
	struct cgroup *cg = memory_zeroed(1, sizeof(*cg));

	cg->fd = -1;
	cg->path = text_copy("");
	cg->why_none = why;
	return cg;
}

void cgroup_close(struct cgroup *cg)
{
	if (!cg) {
		return;
	}
	file_close(cg->fd);
	free(cg->path);
	free(cg->why_none);
	free(cg);
}

int cgroup_fd(const struct cgroup *cg)
{
	return cg->fd;
}

const char *cgroup_path(const struct cgroup *cg)
{
	return cg->path;
}

/* Where cgroup v2 is mounted by convention: alone, or beside v1. */
static const char *find_mount(void)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct statfs status;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (statfs(places[i], &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC) {
			return places[i];
		}
	}
	return NULL;
}

/* The caller's own cgroup as /proc/self/cgroup has it; the caller frees it. */
static char *own_cgroup(void)
{
	struct text text = {0};
	char *own = NULL;

	if (file_read_at(AT_FDCWD, "/proc/self/cgroup", &text, CGROUP_FILE_LIMIT) == 0) {
		char *line = strncmp(text.data, "0::", 3) ? strstr(text.data, "\n0::") : text.data;
		line = line && *line == '\n' ? line + 1 : line;
		if (line) {
			own = strndup(line + 3, strcspn(line + 3, "\n"));
		}
	}
	text_free(&text);
	return own;
}

/* A user's own may be the parent where that was delegated, because a cgroup with processes can hand
 * no controller down. */
static char *rootless_parent(const char *mount)
{
	char *own = own_cgroup();
	char *slash = own ? strrchr(own, '/') : NULL;

	if (slash && slash != own) {
		char *procs = text_format("%s%.*s/cgroup.procs", mount, (int)(slash - own), own);
		if (access(procs, W_OK) == 0) {
			*slash = '\0';
		}
		free(procs);
	}
	char *parent = text_format("%s/" DEFAULT_PARENT, own && strcmp(own, "/") ? own : "");
	free(own);
	return parent;
}

/* No part may lead out of the hierarchy. */
static bool is_inside(const char *path)
{
	for (const char *part = path; *part; part += strcspn(part, "/"), part += *part == '/') {
		size_t length = strcspn(part, "/");
		if (length == 2 && !strncmp(part, "..", 2)) {
			return false;
		}
	}
	return strlen(path) < PATH_LIMIT && path[strspn(path, "/.")];
}

/* The path below the mount, with one slash in front; NULL with *e. */
static char *choose_path(const char *mount, json *spec, const char *id, bool rootless,
			 struct error *e)
{
	const char *asked = json_get_string(json_get(spec, "linux"), "cgroupsPath", "");

	if (*asked) {
		if (!is_inside(asked)) {
			error_set(e, 0, "linux.cgroupsPath '%s' is not a path below the root",
				  asked);
			return NULL;
		}
		return text_format("/%s", asked + strspn(asked, "/"));
	}
	if (!rootless) {
		return text_format("/" DEFAULT_PARENT "/%s", id);
	}
	char *parent = rootless_parent(mount);
	char *path = text_format("%s/%s", parent, id);
	free(parent);
	return path;
}

bool cgroup_has_process(int dir)
{
	char byte;
	int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	bool has = fd >= 0 && read(fd, &byte, 1) == 1;

	file_close(fd);
	return has;
}

/* mkdir, with its parents when they are missing; what is left at a path of our own is made anew. -1
 * with errno. */
static int make(struct cgroup *cg, bool is_own)
{
	int result = mkdir(cg->path, 0755);

	if (result < 0 && errno == ENOENT) {
		char *slash = strrchr(cg->path, '/');
		*slash = '\0';
		result = file_make_dirs(cg->path, 0755);
		*slash = '/';
		result = result < 0 ? result : mkdir(cg->path, 0755);
	} else if (result < 0 && errno == EEXIST && is_own && rmdir(cg->path) == 0) {
		result = mkdir(cg->path, 0755);
	}
	cg->is_new = result == 0;
	return result < 0 && (errno == EEXIST || errno == EBUSY) ? 0 : result;
}

int cgroup_open(struct cgroup **cg, json *spec, const char *id, bool rootless, struct error *e)
{
	const char *mount = find_mount();

	if (!mount) {
		*cg = none(text_copy("no cgroup v2 is mounted at /sys/fs/cgroup"));
		return 0;
	}
	char *below = choose_path(mount, spec, id, rootless, e);
	if (!below) {
		return -1;
	}
	struct cgroup *made = none(NULL);
	free(made->path);
	made->path = text_format("%s%s", mount, below);
	made->top = strlen(mount);
	made->is_rootless = rootless;
	made->is_opened = true;
	bool is_own = !strncmp(below, "/" DEFAULT_PARENT "/", sizeof(DEFAULT_PARENT) + 1);
	free(below);
	if (make(made, is_own) == 0) {
		made->fd = open(made->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (made->fd < 0) {
		*cg = none(text_format("cannot make %s: %s", made->path, strerror(errno)));
		cgroup_close(made);
		return 0;
	}
	if (!made->is_new && cgroup_has_process(made->fd)) {
		error_set(e, 0,
			  "the cgroup %s has processes already: end them or choose another "
			  "linux.cgroupsPath",
			  made->path);
		cgroup_close(made);
		return -1;
	}
	cgroup_delegate(made);
	*cg = made;
	return 0;
}

int cgroup_reopen(struct cgroup **cg, const char *path, struct error *e)
{
	struct statfs status;

	if (!path || !*path) {
		*cg = none(text_copy("the container was made without a cgroup"));
		return 0;
	}
	struct cgroup *found = none(NULL);
	free(found->path);
	found->path = text_copy(path);
	const char *mount = find_mount();
	found->top = mount && !strncmp(path, mount, strlen(mount)) ? strlen(mount) : 0;
	found->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (found->fd < 0 && errno != ENOENT) {
		error_set(e, errno, "cannot open the cgroup %s", path);
		cgroup_close(found);
		return -1;
	}
	if (found->fd >= 0 &&
	    (fstatfs(found->fd, &status) < 0 || status.f_type != CGROUP2_SUPER_MAGIC)) {
		error_set(e, 0, "%s is not in cgroup v2", path);
		cgroup_close(found);
		return -1;
	}
	if (found->fd < 0) {
		found->why_none = text_format("%s has gone", path);
	}
	*cg = found;
	return 0;
}

/* Adds to what `dir` hands down: all at once, or those that can be. */
static void hand_down(int dir, const char *controllers)
{
	char *words = text_copy(controllers);
	struct text all = {0};
	char *rest = words;
	char *word;

	while ((word = strsep(&rest, " \n"))) {
		if (*word) {
			text_printf(&all, "+%s ", word);
		}
	}
	if (all.length && file_put_at(dir, "cgroup.subtree_control", all.data) < 0) {
		rest = all.data;
		while ((word = strsep(&rest, " "))) {
			if (*word) {
				file_put_at(dir, "cgroup.subtree_control", word);
			}
		}
	}
	text_free(&all);
	free(words);
}

void cgroup_delegate(struct cgroup *cg)
{
	struct text has = {0};
	struct text own = {0};
	char *part = cg->path + cg->top;

	/* Mostly all is there: two reads. */
	char *root = text_format("%.*s/cgroup.controllers", (int)cg->top, cg->path);
	if (!cg->top || file_read_at(AT_FDCWD, root, &has, CGROUP_FILE_LIMIT) < 0 ||
	    file_read_at(cg->fd, "cgroup.controllers", &own, CGROUP_FILE_LIMIT) < 0 ||
	    !strcmp(has.data, own.data)) {
		part = NULL;
	}
	while (part && *part) {
		char *directory = strndup(cg->path, (size_t)(part - cg->path));
		int dir = directory ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		free(directory);
		text_free(&has);
		if (dir < 0) {
			break;
		}
		if (file_read_at(dir, "cgroup.controllers", &has, CGROUP_FILE_LIMIT) == 0) {
			hand_down(dir, has.data);
		}
		close(dir);
		part = strchr(part + 1, '/');
	}
	text_free(&has);
	text_free(&own);
	free(root);
}
