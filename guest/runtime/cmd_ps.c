/* SPDX-License-Identifier: Apache-2.0 */
/* `ps`: the processes of a container, as numbers or as the system's ps shows them. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "cgroup.h"
#include "file.h"
#include "runtime.h"
#include "spawn.h"
#include "state.h"
#include "text.h"

#define OUTPUT_LIMIT (16u << 20)

struct pid_set {
	pid_t *pids;
	size_t count;
};

static int read_pids(struct runtime *rt, const char *id, struct pid_set *set)
{
	struct state s = {.dir = -1};
	struct cgroup *cgroup = NULL;

	int result = state_load(rt, id, &s);
	if (result == 0) {
		result = cgroup_reopen(&cgroup, s.cgroup, &rt->error);
	}
	if (result == 0 && cgroup_fd(cgroup) < 0 && s.status != STATE_STOPPED) {
		/* Without a cgroup the first process is all that is known for certain. */
		set->pids = memory_zeroed(1, sizeof(*set->pids));
		set->pids[0] = s.pid;
		set->count = 1;
	} else if (result == 0) {
		result = cgroup_pids(cgroup, &set->pids, &set->count, &rt->error);
	}
	cgroup_close(cgroup);
	state_free(&s);
	return result;
}

static bool has_pid(const struct pid_set *set, long pid)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->pids[i] == pid) {
			return true;
		}
	}
	return false;
}

/* Word `index` of a line, or NULL. */
static const char *word_at(const char *line, int index)
{
	line += strspn(line, " \t");
	for (; index > 0 && *line; index--) {
		line += strcspn(line, " \t");
		line += strspn(line, " \t");
	}
	return *line ? line : NULL;
}

/* Which word of the header is PID; -1: none. */
static int find_column(const char *header)
{
	const char *word;

	for (int i = 0; (word = word_at(header, i)); i++) {
		if (strcspn(word, " \t") == 3 && !strncmp(word, "PID", 3)) {
			return i;
		}
	}
	return -1;
}

static int print_table(struct runtime *rt, char *output, const struct pid_set *set)
{
	char *header = strsep(&output, "\n");
	int column = header ? find_column(header) : -1;
	char *line;

	if (column < 0) {
		return error_set(&rt->error, 0,
				 "ps shows no column PID: give options that do, as -o pid,args");
	}
	puts(header);
	while ((line = strsep(&output, "\n"))) {
		const char *pid = word_at(line, column);
		if (pid && has_pid(set, strtol(pid, NULL, 10))) {
			puts(line);
		}
	}
	return 0;
}

/* Its status, -1 with errno. */
static int run_ps(char **argv, struct text *output)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -1;
	}
	struct spawn_fd fds[] = {{ends[1], 1}};
	struct spawn spawn = {.path = "ps", .argv = argv, .fds = fds, .fd_count = 1};
	pid_t pid = spawn_start(&spawn, NULL);
	int number = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		errno = number;
		return -1;
	}
	int result = file_read_fd(ends[0], output, OUTPUT_LIMIT);
	number = errno;
	close(ends[0]);
	int status = spawn_wait(pid);
	errno = number;
	return result < 0 ? -1 : status;
}

static int show_table(struct runtime *rt, const struct pid_set *set, char **options)
{
	char *usual[] = {"ps", "-ef", NULL};
	char *plain[] = {"ps", NULL};
	struct text output = {0};
	int status = run_ps(*options ? options - 1 : usual, &output);

	/* Small versions of ps show everything without being asked, and know no option. */
	if (status > 0 && !*options) {
		text_free(&output);
		status = run_ps(plain, &output);
	}
	if (status != 0) {
		text_free(&output);
		return status < 0 ? error_set(&rt->error, errno, "cannot run ps")
				  : error_set(&rt->error, 0, "ps failed with status %d", status);
	}
	int result = print_table(rt, output.data, set);
	text_free(&output);
	return result;
}

static int show_json(const struct pid_set *set)
{
	json *list = json_object_new_array();

	for (size_t i = 0; i < set->count; i++) {
		json_object_array_add(list, json_object_new_int(set->pids[i]));
	}
	puts(json_text(list));
	json_object_put(list);
	return 0;
}

int cmd_ps(struct runtime *rt, int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *format = "table";
	struct pid_set set = {0};
	int option;

	optind = 0;
	opterr = 0;
	/* What follows the container is for ps. */
	while ((option = getopt_long(argc, argv, "+f:h", options, NULL)) != -1) {
		if (option == 'h') {
			printf("usage: %s ps [-f table|json] ID [OPTIONS OF PS]\n", rt->program);
			return 0;
		}
		format = option == 'f' ? optarg : "";
	}
	bool is_json = !strcmp(format, "json");
	if (optind >= argc || (!is_json && strcmp(format, "table"))) {
		error_set(&rt->error, 0, "usage: %s ps [-f table|json] ID [OPTIONS OF PS]",
			  rt->program);
		return 1;
	}
	int result = read_pids(rt, argv[optind], &set);
	if (result == 0) {
		argv[optind] = "ps";
		result = is_json ? show_json(&set) : show_table(rt, &set, argv + optind + 1);
	}
	free(set.pids);
	return result < 0 ? 1 : 0;
}
