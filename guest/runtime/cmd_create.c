/* SPDX-License-Identifier: Apache-2.0 */
/* create and run. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include "create.h"
#include "foreground.h"
#include "sync.h"

struct arguments {
	const char *id;
	const char *bundle;
	bool detach;
	bool keep; /* the stopped container is left to delete */
	bool help;
};

static const struct option OPTIONS[] = {{"bundle", required_argument, NULL, 'b'},
					{"pid-file", required_argument, NULL, 'p'},
					{"console-socket", required_argument, NULL, 'c'},
					{"no-pivot", no_argument, NULL, 'n'},
					{"no-new-keyring", no_argument, NULL, 'k'},
					{"preserve-fds", required_argument, NULL, 'f'},
					{"detach", no_argument, NULL, 'd'},
					{"keep", no_argument, NULL, 'K'},
					{"no-subreaper", no_argument, NULL, 'i'},
					{"help", no_argument, NULL, 'h'},
					{NULL, 0, NULL, 0}};

static void help(const struct runtime *rt, const char *name)
{
	printf("Usage: %s %s [OPTIONS] ID\n\n"
	       "  -b, --bundle DIR       directory of config.json (default .)\n"
	       "      --pid-file FILE    the process's number is written there\n"
	       "      --console-socket S socket that gets the terminal's master\n"
	       "      --no-pivot         move and chroot, for roots that cannot be pivoted from\n"
	       "      --no-new-keyring   keep the caller's session keyring\n"
	       "      --preserve-fds N   hand N descriptors from 3 on to the process\n"
	       "  -d, --detach           (run) do not wait for its end\n"
	       "      --keep             (run) leave the stopped container\n",
	       rt->program, name);
}

static int read_count(struct runtime *rt, const char *text, unsigned *count)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value > 1024) {
		return error_status(&rt->error, 2, 0, "--preserve-fds \"%s\": 0 to 1024", text);
	}
	*count = (unsigned)value;
	return 0;
}

static int read_arguments(struct container *c, struct arguments *a, int argc, char **argv)
{
	struct runtime *rt = c->rt;

	a->bundle = ".";
	for (int option; (option = getopt_long(argc, argv, "+b:dh", OPTIONS, NULL)) != -1;) {
		switch (option) {
		case 'b':
			a->bundle = optarg;
			break;
		case 'p':
			c->pid_file = optarg;
			break;
		case 'c':
			c->console_socket = optarg;
			break;
		case 'n':
			c->no_pivot = true;
			break;
		case 'k':
			c->no_new_keyring = true;
			break;
		case 'f':
			if (read_count(rt, optarg, &c->preserve_fds) < 0) {
				return -1;
			}
			break;
		case 'd':
			a->detach = true;
			break;
		case 'K':
			a->keep = true;
			break;
		case 'i':
			break;
		case 'h':
			a->help = true;
			return 0;
		default:
			return error_status(&rt->error, 2, 0, "see %s %s --help", rt->program,
					    argv[0]);
		}
	}
	if (optind != argc - 1) {
		return error_status(&rt->error, 2, 0, "%s wants one container id", argv[0]);
	}
	a->id = argv[optind];
	return 0;
}

static int finish_run(struct container *c, const struct arguments *a)
{
	/* Others may work with it from now on. */
	state_unlock(&c->state);
	if (a->detach) {
		return 0;
	}
	int status = foreground_wait(c->pid, c->master);
	if (a->keep) {
		return status;
	}
	state_lock(c->rt, &c->state);
	c->state.status = STATE_STOPPED;
	return create_undo_in(c->rt, c->cgroup, &c->state, c->config, true) < 0 ? 1 : status;
}

static int create_or_run(struct container *c, int argc, char **argv)
{
	struct arguments a = {0};
	int status = 1;

	if (read_arguments(c, &a, argc, argv) < 0) {
		return 2;
	}
	if (a.help) {
		help(c->rt, argv[0]);
		return 0;
	}
	if (c->run && !a.detach) {
		foreground_begin();
	}
	if (create_container(c, a.id, a.bundle) == 0 && (!c->run || create_start(c) == 0)) {
		status = c->run ? finish_run(c, &a) : 0;
	}
	create_free(c);
	return status;
}

int cmd_create(struct runtime *rt, int argc, char **argv)
{
	struct container c = {.rt = rt};

	return create_or_run(&c, argc, argv);
}

int cmd_run(struct runtime *rt, int argc, char **argv)
{
	struct container c = {.rt = rt, .run = true};

	return create_or_run(&c, argc, argv);
}
