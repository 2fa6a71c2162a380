/* SPDX-License-Identifier: Apache-2.0 */
/* bh-runtime: the command line. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "runtime.h"
#include "sealed.h"
#include "text.h"
#include "file.h"

static const struct {
	const char *name;
	runtime_command *run;
	const char *help;
	bool enters; /* a process of this program will be inside a container */
} COMMANDS[] = {
	{"create", cmd_create, "[OPTIONS] ID: make a container of a bundle", true},
	{"start", cmd_start, "ID: run the user's program in a created container", false},
	{"run", cmd_run, "[OPTIONS] ID: create, start, wait, delete", true},
	{"exec", cmd_exec, "[OPTIONS] ID COMMAND...: run another program in it", true},
	{"state", cmd_state, "ID: print its state as JSON", false},
	{"kill", cmd_kill, "[--all] ID [SIGNAL]: send a signal, TERM by default", false},
	{"delete", cmd_delete, "[--force] ID: remove a stopped container", false},
	{"list", cmd_list, "[--format json|table] [-q]: print all containers", false},
	{"ps", cmd_ps, "[--format json|table] ID: print its processes", false},
	{"pause", cmd_pause, "ID: freeze all its processes", false},
	{"resume", cmd_resume, "ID: thaw them", false},
	{"update", cmd_update, "[OPTIONS] ID: change its limits", false},
	{"spec", cmd_spec, "[--rootless] [--bundle DIR]: write a config.json", false},
	{"features", cmd_features, "print what is supported as JSON", false},
};

static void print_help(const struct runtime *rt)
{
	printf("Usage: %s [GLOBAL OPTIONS] COMMAND [OPTIONS] [OPERANDS]\n\n"
	       "Runs containers as the OCI runtime specification %s says.\n\nCommands:\n",
	       rt->program, RUNTIME_SPEC_VERSION);
	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(*COMMANDS); i++) {
		printf("  %-9s %s\n", COMMANDS[i].name, COMMANDS[i].help);
	}
	puts("\nGlobal options:\n"
	     "  --root DIR               where states are kept (default /run/bulkhead/runtime)\n"
	     "  --log FILE               append messages to FILE\n"
	     "  --log-format text|json   how they are written there\n"
	     "  --debug                  say more\n"
	     "  --help, --version\n\n"
	     "COMMAND --help tells the options of a command. Exit status: 0 done; 1 failed; 2 bad\n"
	     "usage; run and exec give the program's own, 128+N for signal N, 126 and 127 when it\n"
	     "cannot be executed.");
}

void runtime_say(struct runtime *rt, const char *level, const char *format, ...)
{
	va_list arguments;
	char when[40];
	time_t now = time(NULL);

	if (!strcmp(level, "debug") && !rt->debug) {
		return;
	}
	va_start(arguments, format);
	char *text = text_vformat(format, arguments);
	va_end(arguments);
	int fd = rt->log ? open(rt->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644)
			 : -1;
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	if (fd >= 0 && rt->log_json) {
		json *line = json_object_new_object();
		json_set_string(line, "level", level);
		json_set_string(line, "msg", text);
		json_set_string(line, "time", when);
		dprintf(fd, "%s\n", json_text(line));
		json_object_put(line);
	} else if (fd >= 0) {
		dprintf(fd, "time=\"%s\" level=%s msg=\"%s\"\n", when, level, text);
	}
	file_close(fd);
	dprintf(STDERR_FILENO, "%s: %s%s%s\n", rt->program, strcmp(level, "error") ? level : "",
		strcmp(level, "error") ? ": " : "", text);
	free(text);
}

char *runtime_filter_cache(const struct runtime *rt)
{
	return text_format("%s/.seccomp", rt->root);
}

static int fail(struct runtime *rt, int status)
{
	runtime_say(rt, "error", "%s", rt->error.text ? rt->error.text : "failed without words");
	status = rt->error.status ? rt->error.status : status;
	error_free(&rt->error);
	return status ? status : 1;
}

static const char *default_root(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	return geteuid() && dir && *dir == '/' ? text_format("%s/bulkhead-runtime", dir)
					       : "/run/bulkhead/runtime";
}

enum {
	OPTION_ROOT = 256,
	OPTION_LOG,
	OPTION_LOG_FORMAT,
	OPTION_SYSTEMD,
	OPTION_DEBUG,
	OPTION_IGNORED
};

/* -1: go on; else the exit status. */
static int read_global(struct runtime *rt, int argc, char **argv)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, OPTION_ROOT},
		{"log", required_argument, NULL, OPTION_LOG},
		{"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
		{"systemd-cgroup", optional_argument, NULL, OPTION_SYSTEMD},
		{"cgroup-manager", required_argument, NULL, OPTION_SYSTEMD},
		{"rootless", required_argument, NULL, OPTION_IGNORED},
		{"criu", required_argument, NULL, OPTION_IGNORED},
		{"debug", no_argument, NULL, OPTION_DEBUG},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0}};

	for (int option; (option = getopt_long(argc, argv, "+hv", options, NULL)) != -1;) {
		switch (option) {
		case OPTION_ROOT:
			rt->root = optarg;
			break;
		case OPTION_LOG:
			rt->log = optarg;
			break;
		case OPTION_LOG_FORMAT:
			rt->log_json = !strcmp(optarg, "json");
			break;
		case OPTION_SYSTEMD:
			if (optarg && (!strcmp(optarg, "cgroupfs") || !strcmp(optarg, "disabled") ||
				       !strcmp(optarg, "false"))) {
				break;
			}
			error_set(&rt->error, 0,
				  "systemd does not manage cgroups here; use the "
				  "cgroupfs manager (no --systemd-cgroup)");
			return fail(rt, 2);
		case OPTION_DEBUG:
			rt->debug = true;
			break;
		case OPTION_IGNORED:
			break;
		case 'h':
			print_help(rt);
			return 0;
		case 'v':
			printf("%s version %s\nspec: %s\n", rt->program, RUNTIME_VERSION,
			       RUNTIME_SPEC_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	return -1;
}

static int run_command(struct runtime *rt, int argc, char **argv, char **all)
{
	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(*COMMANDS); i++) {
		if (strcmp(COMMANDS[i].name, argv[0])) {
			continue;
		}
		if (COMMANDS[i].enters && !rt->baseline && sealed_enter(all, &rt->error) < 0) {
			return fail(rt, 1);
		}
		optind = 0; /* GNU: getopt begins anew */
		int status = COMMANDS[i].run(rt, argc, argv);
		return rt->error.text ? fail(rt, status) : status;
	}
	error_set(&rt->error, 0, "there is no command \"%s\"; see %s --help", argv[0], rt->program);
	return fail(rt, 2);
}

/* Standard descriptors that are closed would be taken by the first file that is opened. */
static void fill_standard_fds(void)
{
	struct stat status;

	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &status) < 0 && errno == EBADF) {
			(void)!open("/dev/null", O_RDWR);
		}
	}
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argc ? argv[0] : "", '/');
	struct runtime rt = {.program = slash  ? slash + 1
					: argc ? argv[0]
					       : "bh-runtime",
			     .rootless = geteuid() != 0};

	fill_standard_fds();
	rt.baseline = !strcmp(rt.program, "bh-process");
	rt.root = default_root();
	int status = read_global(&rt, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (optind >= argc) {
		error_set(&rt.error, 0, "which command? See %s --help", rt.program);
		return fail(&rt, 2);
	}
	if (rt.root[0] != '/') {
		char *here = realpath(".", NULL);
		rt.root = text_format("%s/%s", here ? here : "", rt.root);
	}
	return run_command(&rt, argc - optind, argv + optind, argv);
}
