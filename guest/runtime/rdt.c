/* SPDX-License-Identifier: Apache-2.0 */
#include "rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "file.h"
#include "text.h"
#include "validate_parts.h"

#define MOUNT_POINT "/sys/fs/resctrl"
#define LIST_LIMIT  (1u << 20) /* bytes of /proc/self/mountinfo */
#define FILE_LIMIT  65536u     /* bytes of a file of resctrl */

#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif

/* Names that resctrl has for itself. */
static bool is_group(const char *name)
{
	static const char *const taken[] = {".", "..", "info", "mon_groups", "mon_data"};

	if (!strcmp(name, "/")) {
		return true;
	}
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (!strcmp(name, taken[i])) {
			return false;
		}
	}
	return !strpbrk(name, "/\n") && strlen(name) < 256;
}

static int check_line(const char *line, const char *begin, const char *where, struct error *e)
{
	if (strchr(line, '\n')) {
		return error_set(e, 0, "config.json: linux.intelRdt.%s must be one line", where);
	}
	return *line && strncmp(line, begin, strlen(begin))
		       ? error_set(e, 0,
				   "config.json: linux.intelRdt.%s must begin with \"%s\", not "
				   "\"%s\"",
				   where, begin, line)
		       : 0;
}

int rdt_check(json *linux_config, struct error *e)
{
	static const char *const words[] = {"closID", "l3CacheSchema", "memBwSchema"};
	const char *const where = "linux.intelRdt.";
	json *rdt = json_get(linux_config, "intelRdt");
	json *lines = json_get(rdt, "schemata");

	if (validate_type(linux_config, "linux.", "intelRdt", json_type_object, false, e) < 0 ||
	    validate_strings(rdt, where, "schemata", e) < 0 ||
	    validate_type(rdt, where, "enableMonitoring", json_type_boolean, false, e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (validate_type(rdt, where, words[i], json_type_string, false, e) < 0) {
			return -1;
		}
	}
	const char *group = json_get_string(rdt, "closID", "");
	if (!is_group(group)) {
		return error_set(e, 0, "config.json: linux.intelRdt.closID: no group can be \"%s\"",
				 group);
	}
	for (size_t i = 0; i < json_count(lines); i++) {
		if (check_line(json_string_at(lines, i), "", "schemata", e) < 0) {
			return -1;
		}
	}
	return check_line(json_get_string(rdt, "l3CacheSchema", ""), "L3:", "l3CacheSchema", e) < 0
		       ? -1
		       : check_line(json_get_string(rdt, "memBwSchema", ""), "MB:", "memBwSchema",
				    e);
}

/* A line of mountinfo: ".. PATH OPTIONS [..] - resctrl ..", the path is field 5. */
static char *find_mount(void)
{
	struct text list = {0};
	char *found = NULL, *rest = NULL;

	if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", &list, LIST_LIMIT) < 0) {
		return NULL;
	}
	for (char *line = strtok_r(list.data, "\n", &rest); line && !found;
	     line = strtok_r(NULL, "\n", &rest)) {
		char path[1024];
		if (strstr(line, " - resctrl ") &&
		    sscanf(line, "%*s %*s %*s %*s %1023s", path) == 1) {
			found = text_copy(path);
		}
	}
	text_free(&list);
	return found;
}

int rdt_open_root(struct error *e)
{
	struct statfs fs;
	char *path = statfs(MOUNT_POINT, &fs) == 0 && fs.f_type == RDTGROUP_SUPER_MAGIC
			     ? text_copy(MOUNT_POINT)
			     : find_mount();
	int root = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(path);
	return root < 0 ? error_set(e, 0,
				    "linux.intelRdt: no resctrl file system is mounted; with a "
				    "processor and a kernel that have it: mount -t resctrl "
				    "resctrl " MOUNT_POINT)
			: root;
}

/* The directory below the root; "." is the root's own group. */
static const char *group_of(json *rdt, const char *id)
{
	const char *group = json_get_string(rdt, "closID", "");

	return !strcmp(group, "/") ? "." : *group ? group : id;
}

static char *monitor_of(json *rdt, const char *id)
{
	return json_get_bool(rdt, "enableMonitoring", false)
		       ? text_format("%s/mon_groups/%s", group_of(rdt, id), id)
		       : NULL;
}

static bool is_there(int root, const char *path)
{
	struct stat status;

	return fstatat(root, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

char *rdt_own_group(int root, json *rdt, const char *id)
{
	bool named = *json_get_string(rdt, "closID", "");

	return !named && !is_there(root, id) ? text_copy(id) : monitor_of(rdt, id);
}

/* With the kernel's own words. */
static int fail(int root, int error, const char *what, const char *group, struct error *e)
{
	struct text why = {0};

	if (file_read_at(root, "info/last_cmd_status", &why, FILE_LIMIT) < 0 || !why.data) {
		text_puts(&why, "");
	}
	why.data[strcspn(why.data, "\n")] = '\0';
	error_set(e, error, "linux.intelRdt: cannot %s the group %s%s%s%s", what, group,
		  *why.data ? " (" : "", why.data, *why.data ? ")" : "");
	text_free(&why);
	return -1;
}

/* The order is the specification's. */
static char *lines_of(json *rdt)
{
	static const char *const keys[] = {"l3CacheSchema", "memBwSchema"};
	json *list = json_get_array(rdt, "schemata");
	struct text lines = {0};

	for (size_t i = 0; i < 2; i++) {
		const char *line = json_get_string(rdt, keys[i], "");
		if (*line) {
			text_printf(&lines, "%s\n", line);
		}
	}
	for (size_t i = 0; i < json_count(list); i++) {
		text_printf(&lines, "%s\n", json_string_at(list, i));
	}
	return lines.data;
}

static unsigned long bandwidth_step(int root)
{
	struct text text = {0};
	unsigned long step = 0;

	if (file_read_at(root, "info/MB/bandwidth_gran", &text, FILE_LIMIT) == 0 && text.data) {
		step = strtoul(text.data, NULL, 10);
	}
	text_free(&text);
	return step;
}

/* A group that others made is not changed. `lines` are cut. */
static int compare(int root, const char *group, char *lines, struct error *e)
{
	char *path = text_format("%s/schemata", group), *rest = NULL;
	unsigned long step = bandwidth_step(root);
	struct text theirs = {0};
	int result = file_read_at(root, path, &theirs, FILE_LIMIT) < 0 || !theirs.data
			     ? fail(root, errno, "read the schemata of", group, e)
			     : 0;

	for (char *line = strtok_r(lines, "\n", &rest); line && result == 0;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (!rdt_schema_matches(line, theirs.data, step)) {
			result = error_set(e, 0,
					   "linux.intelRdt: the group %s is there and has other "
					   "schemata than \"%s\"; see %s in resctrl",
					   group, line, path);
		}
	}
	text_free(&theirs);
	free(path);
	return result;
}

static int make_group(int root, json *rdt, const char *group, char *lines, struct error *e)
{
	if (is_there(root, group)) {
		return lines ? compare(root, group, lines, e) : 0;
	}
	if (*json_get_string(rdt, "closID", "") && !lines) {
		return error_set(e, 0,
				 "linux.intelRdt: there is no group %s in resctrl, and no "
				 "schemata to make it with",
				 group);
	}
	if (mkdirat(root, group, 0755) < 0) {
		return fail(root, errno, "make", group, e);
	}
	char *path = text_format("%s/schemata", group);
	int result = lines && file_put_at(root, path, lines) < 0
			     ? fail(root, errno, "write the schemata of", group, e)
			     : 0;
	free(path);
	return result;
}

int rdt_make(int root, json *rdt, const char *id, struct error *e)
{
	char *lines = lines_of(rdt);
	char *monitor = monitor_of(rdt, id);
	int result = make_group(root, rdt, group_of(rdt, id), lines, e);

	if (result == 0 && monitor && mkdirat(root, monitor, 0755) < 0 && errno != EEXIST) {
		result = fail(root, errno, "make", monitor, e);
	}
	free(lines);
	free(monitor);
	return result;
}

static int put_task(int root, const char *group, pid_t pid, struct error *e)
{
	char *path = text_format("%s/tasks", group);
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)pid);
	int result = file_put_at(root, path, number) < 0
			     ? fail(root, errno, "put the process into", group, e)
			     : 0;
	free(path);
	return result;
}

int rdt_join(int root, json *rdt, const char *id, pid_t pid, struct error *e)
{
	char *monitor = monitor_of(rdt, id);
	int result = put_task(root, group_of(rdt, id), pid, e);

	if (result == 0 && monitor) {
		result = put_task(root, monitor, pid, e);
	}
	free(monitor);
	return result;
}

int rdt_remove(int root, const char *group, struct error *e)
{
	/* Its monitoring groups go with it. */
	return unlinkat(root, group, AT_REMOVEDIR) < 0 && errno != ENOENT
		       ? fail(root, errno, "remove", group, e)
		       : 0;
}

int rdt_enter(json *linux_config, const char *id, pid_t pid, struct error *e)
{
	json *rdt = json_get_object(linux_config, "intelRdt");
	int root = rdt ? rdt_open_root(e) : -1;

	if (root < 0) {
		return rdt ? -1 : 0;
	}
	int result = rdt_join(root, rdt, id, pid, e);
	close(root);
	return result;
}

int rdt_leave(const char *group, struct error *e)
{
	struct error ignored = {0};
	int root = rdt_open_root(&ignored);
	int result = root < 0 ? 0 : rdt_remove(root, group, e);

	error_free(&ignored);
	if (root >= 0) {
		close(root);
	}
	return result;
}
