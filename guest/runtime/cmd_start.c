/* SPDX-License-Identifier: Apache-2.0 */
/* start, state and list. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "command.h"
#include "create.h"
#include "hooks.h"
#include "sync.h"

const char *command_one_id(struct runtime *rt, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		printf("Usage: %s %s ID\n", rt->program, argv[0]);
		exit(0);
	}
	int first = argc > 1 && !strcmp(argv[1], "--") ? 2 : 1;
	if (argc != first + 1 || (first == 1 && argv[1][0] == '-')) {
		error_status(&rt->error, 2, 0, "%s wants one container id", argv[0]);
		return NULL;
	}
	return argv[first];
}

static int connect_start(struct runtime *rt, struct state *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start", s->dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		return error_set(&rt->error, errno, "cannot reach the first process of %s", s->id);
	}
	return fd;
}

/* The process answers by its end of the connection closing as the program begins. */
static int let_go(struct runtime *rt, struct state *s)
{
	int fd = connect_start(rt, s);

	if (fd < 0) {
		return -1;
	}
	int result = sync_send(fd, SYNC_GO, 0, -1) < 0 ||
				     sync_receive(fd, NULL, NULL, &rt->error) != SYNC_END
			     ? error_set(&rt->error, 0, "cannot start %s", s->id)
			     : 0;
	close(fd);
	unlinkat(s->dir, "start", 0);
	s->status = STATE_RUNNING;
	return state_save(rt, s) < 0 ? -1 : result;
}

static int start(struct runtime *rt, struct state *s)
{
	if (s->status != STATE_CREATED) {
		return error_set(&rt->error, 0, "cannot start %s: it is %s, not created", s->id,
				 state_status_name(s->status));
	}
	json *config = state_config(rt, s, NULL);
	if (!config) {
		return -1;
	}
	int result = let_go(rt, s);
	if (result == 0 && hooks_run(config, "poststart", s, STATE_RUNNING, &rt->error) < 0) {
		struct error first = rt->error;
		rt->error = (struct error){0};
		kill(s->pid, SIGKILL);
		create_undo(rt, s, config, true);
		error_free(&rt->error);
		rt->error = first;
		result = -1;
	}
	json_object_put(config);
	return result;
}

int cmd_start(struct runtime *rt, int argc, char **argv)
{
	struct state s = {.dir = -1};
	const char *id = command_one_id(rt, argc, argv);

	if (!id) {
		return 2;
	}
	int result = state_open_locked(rt, id, &s);
	if (result == 0) {
		result = start(rt, &s);
	}
	state_free(&s);
	return result < 0 ? 1 : 0;
}

int cmd_state(struct runtime *rt, int argc, char **argv)
{
	struct state s = {.dir = -1};
	const char *id = command_one_id(rt, argc, argv);

	if (!id) {
		return 2;
	}
	int result = state_load(rt, id, &s);
	if (result == 0) {
		json *object = state_object(&s);
		puts(json_object_to_json_string_ext(
			object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
	}
	state_free(&s);
	return result < 0 ? 1 : 0;
}

enum format { TABLE, JSON, QUIET };

static void print_row(const struct state *s)
{
	char owner[24];

	/* A static program has no name service: the number stands for itself. */
	snprintf(owner, sizeof(owner), s->owner ? "#%u" : "root", s->owner);
	printf("%-24s %-8d %-9s %-40s %-30s %s\n", s->id,
	       s->status == STATE_STOPPED ? 0 : (int)s->pid, state_status_name(s->status),
	       s->bundle ? s->bundle : "", s->created ? s->created : "", owner);
}

static void print_one(struct runtime *rt, const char *id, enum format format, json *all)
{
	struct state s = {.dir = -1};

	if (state_load(rt, id, &s) < 0) {
		runtime_say(rt, "warning", "%s", rt->error.text);
		error_free(&rt->error);
	} else if (format == QUIET) {
		puts(id);
	} else if (format == JSON) {
		json *object = state_object(&s);
		json_set_string(object, "owner", s.owner ? "" : "root");
		json_object_array_add(all, object);
	} else {
		print_row(&s);
	}
	state_free(&s);
}

static int read_format(struct runtime *rt, int argc, char **argv, enum format *format)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'},
						{"quiet", no_argument, NULL, 'q'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};

	for (int option; (option = getopt_long(argc, argv, "+f:qh", options, NULL)) != -1;) {
		if (option == 'q') {
			*format = QUIET;
		} else if (option == 'h') {
			printf("Usage: %s list [--format table|json] [-q]\n", rt->program);
			exit(0);
		} else if (option == 'f' && !strcmp(optarg, "json")) {
			*format = JSON;
		} else if (option != 'f' || strcmp(optarg, "table")) {
			return error_status(&rt->error, 2, 0, "list --format is table or json");
		}
	}
	return 0;
}

int cmd_list(struct runtime *rt, int argc, char **argv)
{
	enum format format = TABLE;
	size_t count = 0;

	if (read_format(rt, argc, argv, &format) < 0) {
		return 2;
	}
	char **ids = state_list(rt, &count);
	json *all = json_object_new_array();
	if (format == TABLE) {
		printf("%-24s %-8s %-9s %-40s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE",
		       "CREATED", "OWNER");
	}
	for (size_t i = 0; i < count; i++) {
		print_one(rt, ids[i], format, all);
		free(ids[i]);
	}
	if (format == JSON) {
		puts(json_text(all));
	}
	json_object_put(all);
	free(ids);
	return 0;
}
