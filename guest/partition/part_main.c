/* SPDX-License-Identifier: Apache-2.0 */
/* bh-partition: the command line. */
#include "part.h"

#include "check.h"
#include "file.h"
#include "text.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERSION "bh-partition version 1\nspec: 1.2.0\n"

struct part part = {.root = PART_ROOT, .bundle = "."};

static const char help[] =
	"Usage: bh-partition [GLOBAL OPTION]... COMMAND [OPTION]... ID [WORD]...\n"
	"An OCI runtime: a bundle boots as a partition of Bulkhead's hypervisor, with CPUs and RAM "
	"of its own.\n"
	"\n"
	"  create ID               makes the partition and boots it; the process waits for "
	"`start`\n"
	"  start ID                lets the process run\n"
	"  run ID                  both, and waits for its end\n"
	"  exec ID COMMAND [ARG]   one more process in it\n"
	"  state ID, list          what there is\n"
	"  kill ID [SIGNAL]        a signal to the process; TERM unless told\n"
	"  delete ID               what is left of one that has ended; --force ends it\n"
	"  pause ID, resume ID     its CPUs stand still\n"
	"  ps ID                   the processes here that keep it\n"
	"  features                what it can, as JSON\n"
	"\n"
	"Global options: --root DIR (" PART_ROOT
	"), --log FILE, --log-format text|json, --version, --help\n"
	"create, run: --bundle DIR (.), --pid-file FILE, --console-socket PATH; run: --detach, "
	"--timing\n"
	"exec: --process FILE, --pid-file FILE, --console-socket PATH, --detach, --tty, --cwd DIR, "
	"--env NAME=VALUE, --user UID[:GID]\n"
	"delete: --force; kill: --all; list: --format table|json, --quiet; ps: --format "
	"table|json\n"
	"\n"
	"CPUs and RAM come from linux.resources (cpu.quota by cpu.period, rounded up to whole "
	"CPUs, or cpu.cpus; memory.limit);\n"
	"1 CPU and 128 MiB or what its files need, unless told. Annotations bulkhead.cpus, "
	"bulkhead.memory, bulkhead.kernel,\n"
	"bulkhead.cmdline and bulkhead.network=ADDRESS/PREFIX,GATEWAY say otherwise.\n"
	"A pod's sandbox (annotation io.kubernetes.cri.container-type) is made by bh-runtime, "
	"which "
	"lies beside this program.\n"
	"Exit status: that of the process (run, exec), 0, 1 for what failed, 2 for a wrong command "
	"line.\n";

static void log_line(const char *message)
{
	int file = part.log != NULL
			   ? open(part.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
			   : -1;
	char *now = state_now();
	struct text line = {.data = NULL};
	json *entry = json_object_new_object();

	if (part.is_log_json) {
		json_set_string(entry, "level", "error");
		json_set_string(entry, "msg", message);
		json_set_string(entry, "time", now);
		text_printf(&line, "%s\n", json_text(entry));
	} else {
		text_printf(&line, "time=\"%s\" level=error msg=\"%s\"\n", now, message);
	}
	if (file >= 0) {
		(void)file_write_all(file, line.data, line.length);
		close(file);
	}
	json_object_put(entry);
	text_free(&line);
	free(now);
}

static void say(const char *format, va_list arguments)
{
	char *message = text_vformat(format, arguments);

	fprintf(stderr, "bh-partition: %s\n", message);
	log_line(message);
	free(message);
}

int part_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	return 1;
}

/* What bh's parts say by it. */
int bh_fail(struct bh *bh, int result, const char *format, ...)
{
	va_list arguments;

	(void)bh;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	return result;
}

/* A check of the loader's code has failed. */
_Noreturn void check_failed(const char *expression, const char *file, int line)
{
	part_fail("%s:%d: %s does not hold; this is a bug", file, line, expression);
	abort();
}

struct option {
	const char *name;
	char letter;        /* 0: none */
	const char **value; /* NULL: none */
	bool *flag;
	const char *commands; /* " create run " */
};

static const char *ignored;
static bool is_ignored;

static const struct option options[] = {
	{"--root", 0, &part.root, NULL, NULL},
	{"--log", 0, &part.log, NULL, NULL},
	{"--log-format", 0, &part.format, NULL, NULL},
	{"--systemd-cgroup", 0, NULL, &is_ignored, NULL},
	{"--rootless", 0, &ignored, NULL, NULL},
	{"--debug", 0, NULL, &is_ignored, NULL},
	{"--bundle", 'b', &part.bundle, NULL, " create run "},
	{"--pid-file", 0, &part.pid_file, NULL, " create run exec "},
	{"--console-socket", 0, &part.console_socket, NULL, " create run exec "},
	{"--no-pivot", 0, NULL, &is_ignored, " create run "},
	{"--no-new-keyring", 0, NULL, &is_ignored, " create run "},
	{"--no-subreaper", 0, NULL, &is_ignored, " run exec "},
	{"--preserve-fds", 0, &ignored, NULL, " create run exec "},
	{"--detach", 'd', NULL, &part.is_detached, " run exec "},
	{"--timing", 0, NULL, &part.is_timed, " run "},
	{"--process", 'p', &part.process, NULL, " exec "},
	{"--tty", 't', NULL, &part.is_terminal, " exec "},
	{"--cwd", 0, &part.directory, NULL, " exec "},
	{"--env", 'e', &ignored, NULL, " exec "},
	{"--user", 'u', &part.user, NULL, " exec "},
	{"--all", 'a', NULL, &part.is_all, " kill "},
	{"--force", 'f', NULL, &part.is_forced, " delete "},
	{"--format", 'f', &part.format, NULL, " list ps "},
	{"--quiet", 'q', NULL, &part.is_quiet, " list "},
};

static bool fits(const struct option *option, const char *word, size_t length)
{
	char padded[32];

	if (part.command == NULL ? option->commands != NULL : option->commands == NULL) {
		return false;
	}
	snprintf(padded, sizeof(padded), " %s ", part.command != NULL ? part.command : "");
	if (option->commands != NULL && strstr(option->commands, padded) == NULL) {
		return false;
	}
	return (strlen(option->name) == length && strncmp(option->name, word, length) == 0) ||
	       (length == 2 && word[0] == '-' && word[1] == option->letter && option->letter != 0);
}

static int usage(const char *what, const char *word)
{
	fprintf(stderr, "bh-partition: %s%.64s; see bh-partition --help\n", what, word);
	return PART_USAGE;
}

static void note_environment(const char *value)
{
	part.environment = memory_resize(part.environment, part.environment_count + 1,
					 sizeof(*part.environment));
	part.environment[part.environment_count++] = value;
}

/* Options up to the first other word; 0, or an exit status. */
static int take_options(int argc, char **argv, int *at)
{
	for (; *at < argc && argv[*at][0] == '-' && argv[*at][1] != '\0'; (*at)++) {
		const char *word = argv[*at];
		const char *equals = strchr(word, '=');
		size_t length =
			equals != NULL && word[1] == '-' ? (size_t)(equals - word) : strlen(word);
		const struct option *option = options;
		const struct option *end = options + sizeof(options) / sizeof(options[0]);

		if (strcmp(word, "--") == 0) {
			(*at)++;
			return 0;
		}
		while (option < end && !fits(option, word, length)) {
			option++;
		}
		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			exit(fputs(help, stdout) < 0);
		}
		if (strcmp(word, "--version") == 0 || strcmp(word, "-v") == 0) {
			exit(fputs(VERSION, stdout) < 0);
		}
		if (option == end) {
			return usage("no such option: ", word);
		}
		if (option->flag != NULL) {
			*option->flag = true;
			continue;
		}
		if (word[length] != '=' && *at + 1 == argc) {
			return usage("a value is missing behind ", word);
		}
		*option->value = word[length] == '=' ? equals + 1 : argv[++*at];
		if (strcmp(option->name, "--env") == 0) {
			note_environment(*option->value);
		}
	}
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
	int words; /* at least */
} commands[] = {
	{"create", part_create, 1},     {"start", part_start, 1},   {"run", part_run, 1},
	{"exec", part_exec, 1},         {"state", part_state, 1},   {"list", part_list, 0},
	{"kill", part_kill, 1},         {"delete", part_delete, 1}, {"pause", part_pause, 1},
	{"resume", part_resume, 1},     {"ps", part_ps, 1},         {"update", part_update, 0},
	{"features", part_features, 0},
};

static int run_command(int argc, char **argv, int at)
{
	size_t index = 0;
	int result;

	while (index < sizeof(commands) / sizeof(commands[0]) &&
	       strcmp(commands[index].name, argv[at]) != 0) {
		index++;
	}
	if (index == sizeof(commands) / sizeof(commands[0])) {
		return usage("no such command: ", argv[at]);
	}
	part.argc = argc;
	part.argv = argv;
	part.at = at;
	part.command = argv[at++];
	result = strcmp(part.command, "update") == 0 ? 0 : take_options(argc, argv, &at);
	part.count = argc - at;
	part.words = argv + at;
	if (result == 0 && part.count < commands[index].words) {
		result = usage("an ID is missing behind ", part.command);
	}
	if (result == 0 && (result = part_sandbox()) < 0) {
		result = commands[index].run();
	}
	return result;
}

int main(int argc, char **argv)
{
	int at = 1;
	int result;

	part.began = bh_tsc();
	result = take_options(argc, argv, &at);
	if (result != 0) {
		return result;
	}
	part.is_log_json = part.format != NULL && strcmp(part.format, "json") == 0;
	part.format = NULL;
	if (at == argc) {
		fputs(help, stderr);
		return PART_USAGE;
	}
	return run_command(argc, argv, at);
}
