/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

#define ID_MAX       128
#define HOLD_DEFAULT 5000
#define FD_FIRST     5 /* of --attach */

const char monitor_options_help[] =
	"Usage: bh-monitor --id ID --runtime PROGRAM --bundle DIR --run-dir DIR [options]\n"
	"Runs one container through an OCI runtime, keeps its output, serves attached clients and\n"
	"writes down how it ended. Started by bh-engine; see bh-monitor(8).\n"
	"\n"
	"  --id ID               the container\n"
	"  --runtime PROGRAM     OCI runtime\n"
	"  --runtime-arg ARG     given to it before the command; may be repeated\n"
	"  --bundle DIR          folder of config.json and the root file system\n"
	"  --run-dir DIR         folder of monitor.sock, init.pid, exit.json\n"
	"  --tty                 the process has a terminal\n"
	"  --stdin               keep its standard input open\n"
	"  --stdin-once          until the first client that gives input ends\n"
	"  --log FILE            log in Docker's json-file format\n"
	"  --log-max-size BYTES  rotate at this size (0: never)\n"
	"  --log-max-file N      files kept, the current one included (1)\n"
	"  --exec FILE           run the process of FILE (process.json) in the container\n"
	"  --exec-id ID          its session: run files are in DIR/exec/ID\n"
	"  --start               start the container once it is created\n"
	"  --attach FD:FLAGS     socket attached before the first byte; FLAGS of i (stdin),\n"
	"                        o (stdout), e (stderr), r (raw, no frames)\n"
	"  --detach-keys KEYS    of --attach with --tty (ctrl-p,ctrl-q)\n"
	"  --hold-ms N           a client that takes nothing holds output back so long (5000)\n"
	"  --help, --version\n"
	"\n"
	"Descriptor 3 gets one line: {\"pid\":N,\"monitor\":N} or {\"error\":\"...\"}.\n"
	"Exit status: 0 the monitor runs on in the background, 1 it cannot, 2 wrong usage.\n";

enum option_code {
	OPTION_ID = 256,
	OPTION_RUNTIME,
	OPTION_RUNTIME_ARG,
	OPTION_BUNDLE,
	OPTION_RUN_DIR,
	OPTION_TTY,
	OPTION_STDIN,
	OPTION_STDIN_ONCE,
	OPTION_LOG,
	OPTION_LOG_MAX_SIZE,
	OPTION_LOG_MAX_FILE,
	OPTION_EXEC,
	OPTION_EXEC_ID,
	OPTION_START,
	OPTION_ATTACH,
	OPTION_DETACH_KEYS,
	OPTION_HOLD_MS,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{"id", required_argument, NULL, OPTION_ID},
	{"runtime", required_argument, NULL, OPTION_RUNTIME},
	{"runtime-arg", required_argument, NULL, OPTION_RUNTIME_ARG},
	{"bundle", required_argument, NULL, OPTION_BUNDLE},
	{"run-dir", required_argument, NULL, OPTION_RUN_DIR},
	{"tty", no_argument, NULL, OPTION_TTY},
	{"stdin", no_argument, NULL, OPTION_STDIN},
	{"stdin-once", no_argument, NULL, OPTION_STDIN_ONCE},
	{"log", required_argument, NULL, OPTION_LOG},
	{"log-max-size", required_argument, NULL, OPTION_LOG_MAX_SIZE},
	{"log-max-file", required_argument, NULL, OPTION_LOG_MAX_FILE},
	{"exec", required_argument, NULL, OPTION_EXEC},
	{"exec-id", required_argument, NULL, OPTION_EXEC_ID},
	{"start", no_argument, NULL, OPTION_START},
	{"attach", required_argument, NULL, OPTION_ATTACH},
	{"detach-keys", required_argument, NULL, OPTION_DETACH_KEYS},
	{"hold-ms", required_argument, NULL, OPTION_HOLD_MS},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

/* Decimal, whole text, at most `max`. */
static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value <= max;
}

/* A name that is also one part of a path. */
static bool is_name(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= ID_MAX && text[0] != '.' && text[0] != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+") ==
		       length;
}

static bool parse_attach(const char *text, struct monitor_options *options)
{
	char *end;
	unsigned long fd = strtoul(text, &end, 10);

	if (end == text || *end != ':' || fd < FD_FIRST || fd > INT_MAX ||
	    options->attach_count == MONITOR_CLIENTS_MAX) {
		return false;
	}
	struct attach_options *attach = &options->attach[options->attach_count].options;
	for (end++; *end; end++) {
		switch (*end) {
		case 'i':
			attach->with_stdin = true;
			break;
		case 'o':
			attach->with_stdout = true;
			break;
		case 'e':
			attach->with_stderr = true;
			break;
		case 'r':
			attach->is_raw = true;
			break;
		default:
			return false;
		}
	}
	options->attach[options->attach_count++].fd = (int)fd;
	return true;
}

static bool take_number(struct monitor_options *options, int option, const char *value)
{
	uint64_t number;

	switch (option) {
	case OPTION_LOG_MAX_SIZE:
		return parse_number(value, INT64_MAX, &options->log_max_size);
	case OPTION_LOG_MAX_FILE:
		if (!parse_number(value, 1000, &number) || number < 1) {
			return false;
		}
		options->log_max_file = (unsigned int)number;
		return true;
	default:
		if (!parse_number(value, 3600000, &number)) {
			return false;
		}
		options->hold_ms = (unsigned int)number;
		return true;
	}
}

static bool take_switch(struct monitor_options *options, int option)
{
	switch (option) {
	case OPTION_TTY:
		options->is_tty = true;
		return true;
	case OPTION_STDIN:
		options->has_stdin = true;
		return true;
	case OPTION_STDIN_ONCE:
		options->is_stdin_once = true;
		return true;
	case OPTION_START:
		options->is_started = true;
		return true;
	default:
		return false;
	}
}

/* False when the value is wrong. */
static bool take(struct monitor_options *options, int option, char *value)
{
	const struct {
		int option;
		const char **text;
	} texts[] = {
		{OPTION_ID, &options->id},           {OPTION_RUNTIME, &options->runtime},
		{OPTION_BUNDLE, &options->bundle},   {OPTION_RUN_DIR, &options->run_dir},
		{OPTION_LOG, &options->log},         {OPTION_EXEC, &options->exec_process},
		{OPTION_EXEC_ID, &options->exec_id}, {OPTION_DETACH_KEYS, &options->detach_keys},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].option == option) {
			*texts[i].text = value;
			return *value != '\0' || option == OPTION_DETACH_KEYS;
		}
	}
	if (option == OPTION_RUNTIME_ARG) {
		options->runtime_args[options->runtime_arg_count++] = value;
		return true;
	}
	if (option == OPTION_ATTACH) {
		return parse_attach(value, options);
	}
	return take_switch(options, option) || take_number(options, option, value);
}

/* What the options together lack; NULL when nothing. */
static char *check(struct monitor_options *options)
{
	const char *keys = options->detach_keys;

	if (!options->id || !options->runtime || !options->run_dir ||
	    (!options->bundle && !options->exec_process)) {
		return text_copy("--id, --runtime, --run-dir and --bundle or --exec are needed");
	}
	if (!is_name(options->id) || (options->exec_id && !is_name(options->exec_id))) {
		return text_copy("an ID is letters, digits and _ . - +, at most 128");
	}
	if (!options->exec_process != !options->exec_id) {
		return text_copy("--exec and --exec-id go together");
	}
	for (size_t i = 0; i < options->attach_count; i++) {
		if (!detach_keys_parse(keys && *keys ? keys : DETACH_KEYS_DEFAULT,
				       &options->attach[i].options.detach)) {
			return text_copy("--detach-keys wants keys like ctrl-p,ctrl-q");
		}
	}
	return NULL;
}

enum monitor_options_result monitor_options_parse(int argc, char **argv,
						  struct monitor_options *options, char **error)
{
	int option;
	int index = 0;

	*options = (struct monitor_options){.log_max_file = 1, .hold_ms = HOLD_DEFAULT};
	options->runtime_args = memory_zeroed((size_t)argc + 1, sizeof(char *));
	*error = NULL;
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+", long_options, &index)) >= 0) {
		if (option == OPTION_HELP || option == OPTION_VERSION) {
			return option == OPTION_HELP ? OPTIONS_HELP : OPTIONS_VERSION;
		}
		if (option == '?' || option == ':') {
			*error = text_format("%s: unknown option, or its value is missing",
					     argv[optind - 1]);
			return OPTIONS_BAD;
		}
		if (!take(options, option, optarg)) {
			*error = text_format("--%s %s: wrong value", long_options[index].name,
					     optarg ? optarg : "");
			return OPTIONS_BAD;
		}
	}
	*error = optind < argc ? text_format("%s: no such argument", argv[optind]) : check(options);
	/* A session's input belongs to the client that started it. */
	options->is_stdin_once |= options->exec_process != NULL;
	return *error ? OPTIONS_BAD : OPTIONS_RUN;
}
