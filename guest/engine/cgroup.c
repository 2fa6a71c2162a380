/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup.h"
#include "file.h"
#include "oci.h"
#include "text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CGROUP_FILE_MAX (1024u * 1024)
#define NO_LIMIT        (INT64_C(1) << 62)

static char *read_small(const char *folder, const char *name)
{
	char *path = text_format("%s/%s", folder, name);
	struct text text = {0};

	if (file_read_at(AT_FDCWD, path, &text, CGROUP_FILE_MAX) < 0) {
		text_free(&text);
	}
	free(path);
	return text.data;
}

/* "N:a,b:/path" names the controller; v2's is "0::/path". */
static bool is_line_of(const char *line, const char *controller)
{
	const char *list = strchr(line, ':');

	if (!list || !*controller) {
		return !strncmp(line, "0::", 3);
	}
	list++;
	size_t length = strlen(controller);
	while (*list && *list != ':') {
		size_t part = strcspn(list, ",:");
		if (part == length && !strncmp(list, controller, part)) {
			return true;
		}
		list += part + (list[part] == ',');
	}
	return false;
}

/* v2 alone, or beside v1 at "unified". */
static const char *unified_folder(void)
{
	return oci_has_cgroup2() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
}

static char *folder_of_line(const char *line, const char *controller, const char *mark)
{
	const char *path = strchr(line, ':');

	path = path ? strchr(path + 1, ':') : NULL;
	if (!path || !is_line_of(line, controller) || !strstr(path, mark)) {
		return NULL;
	}
	return *controller ? text_format("/sys/fs/cgroup/%s%s", controller, path + 1)
			   : text_format("%s%s", unified_folder(), path + 1);
}

/* Of "pids", "cpuacct", ... of v1, "" of v2. */
static char *cgroup_folder(pid_t pid, const char *controller, const char *mark)
{
	char *proc = text_format("/proc/%d", (int)pid);
	char *text = read_small(proc, "cgroup");
	char *folder = NULL;

	free(proc);
	for (char *line = text; line && *line && !folder;) {
		char *end = strchr(line, '\n');
		if (end) {
			*end = '\0';
		}
		folder = folder_of_line(line, controller, mark);
		line = end ? end + 1 : NULL;
	}
	free(text);
	return folder;
}

static int64_t read_number(const char *folder, const char *name)
{
	char *text = folder ? read_small(folder, name) : NULL;
	int64_t value = text ? strtoll(text, NULL, 10) : 0;

	if (text && !strncmp(text, "max", 3)) {
		value = NO_LIMIT;
	}
	free(text);
	return value;
}

/* "key value" lines. */
static int64_t read_key(const char *folder, const char *name, const char *key)
{
	char *text = folder ? read_small(folder, name) : NULL;
	size_t length = strlen(key);
	int64_t value = 0;

	for (const char *line = text; line && *line;) {
		if (!strncmp(line, key, length) && line[length] == ' ') {
			value = strtoll(line + length, NULL, 10);
			break;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	free(text);
	return value;
}

/* io.stat: "8:0 rbytes=1 wbytes=2 ..." */
static int64_t sum_keys(const char *folder, const char *key)
{
	char *text = folder ? read_small(folder, "io.stat") : NULL;
	int64_t sum = 0;

	for (const char *next = text; next && (next = strstr(next, key));) {
		next += strlen(key);
		sum += strtoll(next, NULL, 10);
	}
	free(text);
	return sum;
}

static void read_v2(const char *folder, struct cgroup_usage *usage)
{
	usage->cpu_total = read_key(folder, "cpu.stat", "usage_usec") * 1000;
	usage->cpu_user = read_key(folder, "cpu.stat", "user_usec") * 1000;
	usage->cpu_system = read_key(folder, "cpu.stat", "system_usec") * 1000;
	usage->periods = read_key(folder, "cpu.stat", "nr_periods");
	usage->throttled_periods = read_key(folder, "cpu.stat", "nr_throttled");
	usage->throttled_time = read_key(folder, "cpu.stat", "throttled_usec") * 1000;
	usage->memory = read_number(folder, "memory.current");
	usage->memory_limit = read_number(folder, "memory.max");
	usage->inactive_file = read_key(folder, "memory.stat", "inactive_file");
	usage->pids = read_number(folder, "pids.current");
	usage->pids_limit = read_number(folder, "pids.max");
	usage->read_bytes = sum_keys(folder, "rbytes=");
	usage->written_bytes = sum_keys(folder, "wbytes=");
}

static void read_v1(pid_t pid, const char *mark, struct cgroup_usage *usage)
{
	char *cpu = cgroup_folder(pid, "cpuacct", mark);
	char *memory = cgroup_folder(pid, "memory", mark);
	char *pids = cgroup_folder(pid, "pids", mark);
	char *quota = cgroup_folder(pid, "cpu", mark);

	usage->cpu_total = read_number(cpu, "cpuacct.usage");
	usage->cpu_user = read_number(cpu, "cpuacct.usage_user");
	usage->cpu_system = read_number(cpu, "cpuacct.usage_sys");
	usage->periods = read_key(quota, "cpu.stat", "nr_periods");
	usage->throttled_periods = read_key(quota, "cpu.stat", "nr_throttled");
	usage->throttled_time = read_key(quota, "cpu.stat", "throttled_time");
	usage->memory = read_number(memory, "memory.usage_in_bytes");
	usage->memory_limit = read_number(memory, "memory.limit_in_bytes");
	usage->inactive_file = read_key(memory, "memory.stat", "total_inactive_file");
	usage->pids = read_number(pids, "pids.current");
	usage->pids_limit = read_number(pids, "pids.max");
	free(cpu);
	free(memory);
	free(pids);
	free(quota);
}

void cgroup_read_usage(pid_t pid, const char *mark, struct cgroup_usage *usage)
{
	int64_t machine = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	char *unified = cgroup_folder(pid, "", mark);

	memset(usage, 0, sizeof(*usage));
	if (unified) {
		read_v2(unified, usage);
	} else {
		read_v1(pid, mark, usage);
	}
	if (usage->memory_limit <= 0 || usage->memory_limit > machine) {
		usage->memory_limit = machine;
	}
	if (usage->pids_limit >= NO_LIMIT) {
		usage->pids_limit = 0;
	}
	free(unified);
}

static pid_t parent_of(pid_t pid)
{
	char *folder = text_format("/proc/%d", (int)pid);
	char *text = read_small(folder, "stat");
	char *name_end = text ? strrchr(text, ')') : NULL;
	pid_t parent = name_end && strlen(name_end) > 4 ? (pid_t)strtol(name_end + 4, NULL, 10) : 0;

	free(text);
	free(folder);
	return parent;
}

static bool is_listed(const pid_t *list, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == pid) {
			return true;
		}
	}
	return false;
}

/* /proc is in the order of numbers, so that parents mostly come first. */
static size_t descendants(pid_t pid, pid_t *list, size_t limit)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	if (limit) {
		list[count++] = pid;
	}
	while (proc && count < limit && (entry = readdir(proc))) {
		pid_t one = (pid_t)strtol(entry->d_name, NULL, 10);
		if (one > 0 && one != pid && is_listed(list, count, parent_of(one))) {
			list[count++] = one;
		}
	}
	if (proc) {
		closedir(proc);
	}
	return count;
}

size_t cgroup_pids(pid_t pid, const char *mark, pid_t *list, size_t limit)
{
	char *folder = cgroup_folder(pid, "", mark);
	folder = folder ? folder : cgroup_folder(pid, "pids", mark);
	char *text = folder ? read_small(folder, "cgroup.procs") : NULL;
	size_t count = 0;

	free(folder);
	if (!text) {
		return descendants(pid, list, limit);
	}
	for (char *line = text; *line && count < limit;) {
		list[count++] = (pid_t)strtol(line, &line, 10);
		line += strspn(line, "\n");
	}
	free(text);
	return count;
}
