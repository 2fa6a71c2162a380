/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/ID/top: the columns of ps(1) from /proc, without starting ps. */
#include "cgroup.h"
#include "container_routes.h"
#include "file.h"
#include "http.h"
#include "text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TOP_PIDS    4096
#define TOP_COLUMNS 16

struct process {
	pid_t pid;
	pid_t parent;
	unsigned uid;
	char state;
	unsigned long long tty;
	unsigned long long ticks;
	unsigned long long start; /* ticks after the machine's start */
	unsigned long long virtual_bytes;
	long long resident_pages;
	char name[32];
	char *command;
};

static const struct column {
	const char *key; /* of ps -o */
	const char *title;
} columns[] = {
	{"uid", "UID"},      {"user", "USER"},   {"pid", "PID"},      {"ppid", "PPID"},
	{"c", "C"},          {"stime", "STIME"}, {"start", "START"},  {"tty", "TTY"},
	{"time", "TIME"},    {"cmd", "CMD"},     {"args", "COMMAND"}, {"command", "COMMAND"},
	{"comm", "COMMAND"}, {"stat", "STAT"},   {"s", "S"},          {"vsz", "VSZ"},
	{"rss", "RSS"},      {"pcpu", "%CPU"},   {"pmem", "%MEM"},    {"nlwp", "NLWP"},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static char *read_proc(pid_t pid, const char *name, size_t *length)
{
	char *path = text_format("/proc/%d/%s", (int)pid, name);
	struct text text = {0};

	if (file_read_at(AT_FDCWD, path, &text, 1024 * 1024) < 0) {
		text_free(&text);
	}
	free(path);
	if (length) {
		*length = text.length;
	}
	return text.data;
}

static char *read_command(pid_t pid, const char *name)
{
	size_t length;
	char *text = read_proc(pid, "cmdline", &length);

	if (!text || !length) {
		free(text);
		return text_format("[%s]", name);
	}
	while (length && !text[length - 1]) {
		length--;
	}
	for (size_t i = 0; i < length; i++) {
		if (!text[i]) {
			text[i] = ' ';
		}
	}
	return text;
}

/* proc(5), /proc/PID/stat; false: it has ended meanwhile. */
static bool read_process(pid_t pid, struct process *process)
{
	char *stat = read_proc(pid, "stat", NULL);
	char *status = read_proc(pid, "status", NULL);
	char *open = stat ? strchr(stat, '(') : NULL;
	char *close = stat ? strrchr(stat, ')') : NULL;
	unsigned long long user = 0;
	unsigned long long system = 0;

	memset(process, 0, sizeof(*process));
	if (open && close && status) {
		char *uid = strstr(status, "\nUid:");
		process->pid = pid;
		process->uid = uid ? (unsigned)strtoul(uid + 5, NULL, 10) : 0;
		snprintf(process->name, sizeof(process->name), "%.*s", (int)(close - open - 1),
			 open + 1);
		sscanf(close + 2,
		       "%c %d %*d %*d %llu %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d "
		       "%*d "
		       "%llu %llu %lld",
		       &process->state, &process->parent, &process->tty, &user, &system,
		       &process->start, &process->virtual_bytes, &process->resident_pages);
		process->ticks = user + system;
		process->command = read_command(pid, process->name);
	}
	free(stat);
	free(status);
	return process->command != NULL;
}

static char *tty_name(unsigned long long number)
{
	unsigned major_number = (unsigned)(number >> 8 & 0xfff);
	unsigned minor_number = (unsigned)((number & 0xff) | (number >> 12 & 0xfff00));

	if (!number) {
		return text_copy("?");
	}
	return major_number == 136 ? text_format("pts/%u", minor_number)
				   : text_format("tty%u", minor_number);
}

static char *start_words(unsigned long long ticks)
{
	struct timespec now;
	struct timespec up;
	struct tm parts;
	char text[16];

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	time_t start =
		now.tv_sec - up.tv_sec + (time_t)(ticks / (unsigned long)sysconf(_SC_CLK_TCK));
	localtime_r(&start, &parts);
	strftime(text, sizeof(text), now.tv_sec - start < 86400 ? "%H:%M" : "%b%d", &parts);
	return text_copy(text);
}

static char *cell(const struct process *process, const char *key)
{
	unsigned long ticks_per_second = (unsigned long)sysconf(_SC_CLK_TCK);
	unsigned long long seconds = process->ticks / ticks_per_second;
	long long kib = process->resident_pages * (sysconf(_SC_PAGESIZE) / 1024);

	if (!strcmp(key, "uid") || !strcmp(key, "user")) {
		return process->uid ? text_format("%u", process->uid) : text_copy("root");
	}
	if (!strcmp(key, "pid") || !strcmp(key, "ppid")) {
		return text_format("%d", (int)(key[1] == 'p' ? process->parent : process->pid));
	}
	if (!strcmp(key, "stime") || !strcmp(key, "start")) {
		return start_words(process->start);
	}
	if (!strcmp(key, "tty")) {
		return tty_name(process->tty);
	}
	if (!strcmp(key, "time")) {
		return text_format("%02llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60,
				   seconds % 60);
	}
	if (!strcmp(key, "vsz")) {
		return text_format("%llu", process->virtual_bytes / 1024);
	}
	if (!strcmp(key, "rss")) {
		return text_format("%lld", kib);
	}
	if (!strcmp(key, "stat") || !strcmp(key, "s")) {
		return text_format("%c", process->state);
	}
	if (!strcmp(key, "comm")) {
		return text_copy(process->name);
	}
	if (!strcmp(key, "cmd") || !strcmp(key, "args") || !strcmp(key, "command")) {
		return text_copy(process->command);
	}
	return text_copy("0");
}

static const struct column *find_column(const char *key, size_t length)
{
	static const char *const aliases[][2] = {{"%cpu", "pcpu"}, {"%mem", "pmem"},
						 {"tname", "tty"}, {"euser", "user"},
						 {"ucmd", "comm"}, {"lstart", "start"}};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strlen(aliases[i][0]) == length && !strncmp(aliases[i][0], key, length)) {
			key = aliases[i][1];
			length = strlen(key);
			break;
		}
	}
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		if (strlen(columns[i].key) == length && !strncmp(columns[i].key, key, length)) {
			return &columns[i];
		}
	}
	return NULL;
}

/* Keys with commas or spaces; 0: one is unknown, or there are too many. */
static size_t parse_columns(const char *keys, const struct column **chosen)
{
	size_t count = 0;

	while (*keys) {
		size_t length = strcspn(keys, ", ");
		const struct column *column = length ? find_column(keys, length) : NULL;
		if (length && (!column || count == TOP_COLUMNS)) {
			return 0;
		}
		if (column) {
			chosen[count++] = column;
		}
		keys += length + (keys[length] != '\0');
	}
	return count;
}

/* ps_args: -ef, aux, or -o/-eo with columns. */
static size_t choose_columns(const char *arguments, const struct column **chosen)
{
	if (!arguments || !*arguments || !strcmp(arguments, "-ef")) {
		return parse_columns("uid pid ppid c stime tty time cmd", chosen);
	}
	if (!strcmp(arguments, "aux") || !strcmp(arguments, "-aux")) {
		return parse_columns("user pid pcpu pmem vsz rss tty stat start time command",
				     chosen);
	}
	const char *keys = strstr(arguments, "o ");
	if (!keys || strcspn(arguments, "o") > 6) {
		return 0;
	}
	return parse_columns(keys + 2, chosen);
}

static json *make_row(const struct process *process, const struct column **chosen, size_t count)
{
	json *row = json_object_new_array();

	for (size_t i = 0; i < count; i++) {
		char *text = cell(process, chosen[i]->key);
		json_append_string(row, text);
		free(text);
	}
	return row;
}

static json *make_rows(struct container *container, const struct column **chosen, size_t count)
{
	pid_t *pids = memory_zeroed(TOP_PIDS, sizeof(pid_t));
	size_t found = cgroup_pids(container->state.pid, container->id, pids, TOP_PIDS);
	json *rows = json_object_new_array();

	for (size_t i = 0; i < found; i++) {
		struct process process;
		if (read_process(pids[i], &process)) {
			json_object_array_add(rows, make_row(&process, chosen, count));
			free(process.command);
		}
	}
	free(pids);
	return rows;
}

static void get_top(struct request *request)
{
	struct container *container = container_of_request(request);
	const struct column *chosen[TOP_COLUMNS];
	const char *arguments = request_query(request, "ps_args");
	size_t count = choose_columns(arguments, chosen);

	if (!container) {
		return;
	}
	if (!container->state.is_running) {
		reply_error(request, 409, "container %s is not running", container->id);
		return;
	}
	if (!count) {
		reply_error(request, 400,
			    "top knows -ef, aux and -o with the usual columns, not "
			    "\"%.100s\"",
			    arguments);
		return;
	}
	json *titles = json_object_new_array();
	for (size_t i = 0; i < count; i++) {
		json_append_string(titles, chosen[i]->title);
	}
	json *reply = json_object_new_object();
	json_set(reply, "Titles", titles);
	json_set(reply, "Processes", make_rows(container, chosen, count));
	reply_json(request, 200, reply);
}

const struct route top_routes[1] = {
	{"GET", "/containers/{id}/top", get_top, 0},
};
