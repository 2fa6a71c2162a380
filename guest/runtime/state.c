/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a container: state.json, its lock, what the process does now. */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cgroup.h"
#include "config_text.h"
#include "file.h"
#include "text.h"

#define ID_LIMIT    128
#define STATE_LIMIT (1u << 20)

static const char *const STATUS_NAMES[] = {"creating", "created", "running", "paused", "stopped"};

bool state_id_valid(const char *id)
{
	size_t length = strlen(id);

	if (!length || length > ID_LIMIT || id[0] == '.') {
		return false;
	}
	return strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.") ==
	       length;
}

const char *state_status_name(enum state_status status)
{
	return STATUS_NAMES[status];
}

uint64_t state_pid_start(pid_t pid)
{
	char path[40], line[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return 0;
	}
	ssize_t length = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (length <= 0) {
		return 0;
	}
	line[length] = '\0';
	/* The name may hold blanks and brackets: what counts follows the last bracket. */
	char *at = strrchr(line, ')');
	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X') {
		return 0;
	}
	/* Field 3 is the state, field 22 the start time. */
	for (int field = 2; field < 22 && at; field++) {
		at = strchr(at + 1, ' ');
	}
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

static int open_dir(struct runtime *rt, const char *id, struct state *s)
{
	*s = (struct state){.dir = -1};
	if (!state_id_valid(id)) {
		return error_set(&rt->error, 0,
				 "\"%s\" cannot be a container's id: use 1 to %d letters, digits "
				 "and _ + - . (not first)",
				 id, ID_LIMIT);
	}
	char *path = text_format("%s/%s", rt->root, id);
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;
	free(path);
	if (s->dir < 0) {
		return error == ENOENT
			       ? error_set(&rt->error, 0, "container \"%s\" does not exist", id)
			       : error_set(&rt->error, error, "cannot open the state of %s", id);
	}
	s->id = text_copy(id);
	return 0;
}

int state_create(struct runtime *rt, const char *id, struct state *s)
{
	*s = (struct state){.dir = -1};
	if (state_id_valid(id)) {
		char *path = text_format("%s/%s", rt->root, id);
		int made = mkdir(path, 0700);
		if (made < 0 && errno == ENOENT) {
			file_make_dirs(rt->root, 0700);
			made = mkdir(path, 0700);
		}
		int error = errno;
		free(path);
		if (made < 0) {
			return error == EEXIST
				       ? error_set(&rt->error, 0,
						   "container with id exists: %s; delete it first",
						   id)
				       : error_set(&rt->error, error, "cannot make %s/%s", rt->root,
						   id);
		}
	}
	if (open_dir(rt, id, s) < 0) {
		return -1;
	}
	s->owner = geteuid();
	return flock(s->dir, LOCK_EX | LOCK_NB) < 0
		       ? error_set(&rt->error, errno, "cannot lock the state of %s", id)
		       : 0;
}

int state_lock(struct runtime *rt, struct state *s)
{
	while (flock(s->dir, LOCK_EX) < 0) {
		if (errno != EINTR) {
			return error_set(&rt->error, errno, "cannot lock the state of %s", s->id);
		}
	}
	return 0;
}

void state_unlock(struct state *s)
{
	flock(s->dir, LOCK_UN);
	s->locked = false;
}

static char *copy_of(json *object, const char *key)
{
	const char *value = json_get_string(object, key, NULL);
	return value ? text_copy(value) : NULL;
}

static void read_object(struct state *s, json *object)
{
	s->bundle = copy_of(object, "bundle");
	s->rootfs = copy_of(object, "rootfs");
	s->cgroup = copy_of(object, "cgroup");
	s->rdt = copy_of(object, "rdt");
	s->created = copy_of(object, "created");
	s->pid = (pid_t)json_get_int(object, "pid", 0);
	s->pid_start = (uint64_t)json_get_int(object, "pidStart", 0);
	s->owner = (uid_t)json_get_int(object, "owner", 0);
	s->chroot = json_get_bool(object, "chroot", false);
	const char *status = json_get_string(object, "status", "creating");
	s->status = STATE_CREATING;
	for (unsigned i = 0; i <= STATE_STOPPED; i++) {
		if (!strcmp(status, STATUS_NAMES[i])) {
			s->status = (enum state_status)i;
		}
	}
	s->annotations = json_object_get(json_get_object(object, "annotations"));
}

static bool is_frozen(const char *path)
{
	struct cgroup *cgroup = NULL;
	struct error ignored = {0};
	bool frozen = path && *path && cgroup_reopen(&cgroup, path, &ignored) == 0 && cgroup &&
		      cgroup_is_frozen(cgroup) > 0;

	cgroup_close(cgroup);
	error_free(&ignored);
	return frozen;
}

/* Stopped when the process has ended; a creator that died leaves a lock that can be taken. */
static void find_status(struct state *s)
{
	if (s->status == STATE_CREATING) {
		if (s->locked) {
			s->status = STATE_STOPPED;
		} else if (flock(s->dir, LOCK_EX | LOCK_NB) == 0) {
			flock(s->dir, LOCK_UN);
			s->status = STATE_STOPPED;
		}
		return;
	}
	uint64_t start = state_pid_start(s->pid);
	if (!start || start != s->pid_start) {
		s->status = STATE_STOPPED;
	} else if (is_frozen(s->cgroup)) {
		s->status = STATE_PAUSED;
	}
}

static int read_state(struct runtime *rt, struct state *s)
{
	struct text text = {0};
	const char *why = NULL;

	if (file_read_at(s->dir, "state.json", &text, STATE_LIMIT) < 0) {
		/* Made, but its creator did not come further or is not there yet. */
		if (errno == ENOENT) {
			find_status(s);
			return 0;
		}
		return error_set(&rt->error, errno, "cannot read the state of %s", s->id);
	}
	json *object = json_parse(text.data ? text.data : "", text.length, &why);
	text_free(&text);
	if (!object) {
		return error_set(&rt->error, 0, "the state of %s is damaged: %s", s->id, why);
	}
	read_object(s, object);
	json_object_put(object);
	find_status(s);
	return 0;
}

int state_load(struct runtime *rt, const char *id, struct state *s)
{
	return open_dir(rt, id, s) < 0 ? -1 : read_state(rt, s);
}

int state_open_locked(struct runtime *rt, const char *id, struct state *s)
{
	struct stat status;

	if (open_dir(rt, id, s) < 0) {
		return -1;
	}
	if (flock(s->dir, LOCK_EX | LOCK_NB) < 0) {
		if (read_state(rt, s) < 0 || s->status == STATE_CREATING) {
			return rt->error.text ? -1 : 0;
		}
		state_free(s);
		if (open_dir(rt, id, s) < 0 || state_lock(rt, s) < 0) {
			return -1;
		}
	}
	s->locked = true;
	/* It may have gone while this waited. */
	if (fstat(s->dir, &status) < 0 || !status.st_nlink) {
		return error_set(&rt->error, 0, "container \"%s\" does not exist", id);
	}
	return read_state(rt, s);
}

int state_save(struct runtime *rt, const struct state *s)
{
	json *object = state_object(s);

	json_set_string(object, "cgroup", s->cgroup);
	if (s->rdt) {
		json_set_string(object, "rdt", s->rdt);
	}
	json_set_int(object, "pid", s->pid);
	json_set_int(object, "pidStart", (int64_t)s->pid_start);
	json_set_int(object, "owner", s->owner);
	json_set_bool(object, "chroot", s->chroot);
	const char *text = json_text(object);
	int result = file_replace_at(s->dir, "state.json", text, strlen(text), 0600, 0);
	if (result < 0) {
		error_set(&rt->error, errno, "cannot write %s/%s/state.json", rt->root, s->id);
	}
	json_object_put(object);
	return result;
}

json *state_config(struct runtime *rt, const struct state *s, struct seccomp_filter *filter)
{
	struct text text = {0};
	const char *why = "it is empty";
	json *config = NULL;

	if (file_read_at(s->dir, "config.json", &text, CONFIG_LIMIT) < 0) {
		error_set(&rt->error, errno, "cannot read the configuration kept of %s", s->id);
		return NULL;
	}
	if (text.data && filter && !rt->baseline) {
		char *cache = runtime_filter_cache(rt);
		config = config_parse(text.data, text.length, cache, filter, &why);
		free(cache);
	} else if (text.data) {
		config = json_parse(text.data, text.length, &why);
	}
	if (!config) {
		error_set(&rt->error, 0, "the configuration kept of %s is damaged: %s", s->id, why);
	}
	text_free(&text);
	return config;
}

int state_remove(struct runtime *rt, const struct state *s)
{
	char *path = text_format("%s/%s", rt->root, s->id);

	/* Mostly all that is there. */
	unlinkat(s->dir, "state.json", 0);
	unlinkat(s->dir, "config.json", 0);
	int result = rmdir(path) == 0 ? 0 : file_remove_tree_at(AT_FDCWD, path);
	if (result < 0) {
		error_set(&rt->error, errno, "cannot remove %s", path);
	}
	free(path);
	return result;
}

void state_free(struct state *s)
{
	free(s->id);
	free(s->bundle);
	free(s->rootfs);
	free(s->cgroup);
	free(s->rdt);
	free(s->created);
	json_object_put(s->annotations);
	if (s->dir >= 0) {
		close(s->dir);
	}
	*s = (struct state){.dir = -1};
}

json *state_object(const struct state *s)
{
	json *object = json_object_new_object();

	json_set_string(object, "ociVersion", RUNTIME_SPEC_VERSION);
	json_set_string(object, "id", s->id);
	json_set_int(object, "pid", s->status == STATE_STOPPED ? 0 : s->pid);
	json_set_string(object, "status", STATUS_NAMES[s->status]);
	json_set_string(object, "bundle", s->bundle ? s->bundle : "");
	json_set_string(object, "rootfs", s->rootfs ? s->rootfs : "");
	json_set_string(object, "created", s->created ? s->created : "");
	if (s->annotations) {
		json_set(object, "annotations", json_object_get(s->annotations));
	}
	return object;
}

static int visible(const struct dirent *entry)
{
	return state_id_valid(entry->d_name);
}

char **state_list(struct runtime *rt, size_t *count)
{
	struct dirent **entries = NULL;
	int found = scandir(rt->root, &entries, visible, alphasort);
	size_t n = found > 0 ? (size_t)found : 0;
	char **names = memory_zeroed(n + 1, sizeof(*names));

	for (size_t i = 0; i < n; i++) {
		names[i] = text_copy(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	*count = n;
	return names;
}
