/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of bh: one table, and what reads it. */
#include "bh.h"
#include "bh_container.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NAMED(function, options) options, 1, BH_NAMES_MAX, false, function

const struct bh_command bh_commands[] = {
	{"ls", "", "partitions, one a line", OPTION_JSON, 0, 0, false, bh_ls,
	 "bh ls\nbh ls --json\n"},
	{"info", "", "what the machine has left", OPTION_JSON, 0, 0, false, bh_info, "bh info\n"},
	{"create", "-f FILE [NAME...]", "make partitions of a configuration file, and start them",
	 OPTION_FILE | OPTION_NO_START | OPTION_WAIT, 0, BH_NAMES_MAX, false, bh_create,
	 "bh create -f web.conf\nbh create -v -f lab.conf alpha beta\n"
	 "bh create --no-start -f web.conf\n"},
	{"check-config", "FILE", "check a file for `bh create`; creates nothing", 0, 1, 1, true,
	 bh_check_config, "bh check-config web.conf\n"},
	{"start", "NAME...", "start partitions that are stopped", NAMED(bh_start, OPTION_WAIT),
	 "bh start web\nbh start --wait -v web\n"},
	{"stop", "NAME...", "stop at once, as by pulling the plug", NAMED(bh_stop, 0),
	 "bh stop web\n"},
	{"pause", "NAME...", "let its CPUs stand still", NAMED(bh_pause, 0), "bh pause web\n"},
	{"resume", "NAME...", "let them go on", NAMED(bh_resume, 0), "bh resume web\n"},
	{"reset", "NAME...", "stop, load again, start", NAMED(bh_reset, OPTION_WAIT),
	 "bh reset web\n"},
	{"rm", "NAME...", "remove partitions that bh created", NAMED(bh_rm, OPTION_FORCE),
	 "bh rm web\nbh rm --force web\n"},
	{"give", "NAME [--cpu N] [--memory SIZE]", "give it CPUs and RAM that are free",
	 OPTION_CPU | OPTION_MEMORY | OPTION_PCI, 1, 1, false, bh_give,
	 "bh give web --cpu 3\nbh give web --cpu 2-3 --memory 256M\nbh give mgmt --cpu 1\n"},
	{"take", "NAME [--cpu N] [--memory SIZE]", "take CPUs and RAM from it: they are free then",
	 OPTION_CPU | OPTION_MEMORY | OPTION_PCI, 1, 1, false, bh_take,
	 "bh take web --memory 64M\nbh take mgmt --cpu 1\n"},
	{"inspect", "NAME", "all that is known of a partition", OPTION_JSON, 1, 1, false,
	 bh_inspect, "bh inspect web\nbh inspect --json web\n"},
	{"stat", "[NAME]", "exits by reason, and how many a second",
	 OPTION_INTERVAL | OPTION_COUNT | OPTION_CYCLES | OPTION_JSON, 0, 1, false, bh_stat,
	 "bh stat\nbh stat web -i 10\nbh stat web --cycles\nbh stat --json -n 5\n"},
	{"top", "", "the same on a whole screen, until q", OPTION_INTERVAL | OPTION_COUNT, 0, 0,
	 false, bh_top, "bh top\nbh top -i 5\n"},
	{"console", "NAME", "a terminal on its console; Ctrl-] leaves it", 0, 1, 1, false,
	 bh_console, "bh console web\necho ls | bh console web\n"},
	{"disk", "serve NAME FILE", "be the disk of a partition, until Ctrl-C",
	 OPTION_READ_ONLY | OPTION_SYNC, 3, 3, false, bh_disk,
	 "bh disk serve web /data/web.img\nbh disk serve web /dev/nvme0n1p3 &\n"},
	{"log", "", "the hypervisor's log", OPTION_FOLLOW, 0, 0, false, bh_log,
	 "bh log\nbh log -f\n"},
	{"events", "", "what happened to partitions", OPTION_FOLLOW | OPTION_JSON, 0, 0, false,
	 bh_events, "bh events\nbh events -f --json\n"},
	{"trace", "[NAME...]", "what the CPUs leave the guest for, one by one, until Ctrl-C",
	 OPTION_OUTPUT | OPTION_TEXT | OPTION_SECONDS | OPTION_RECORDS, 0, BH_NAMES_MAX, false,
	 bh_trace,
	 "bh trace web\nbh trace -o trace.json --seconds 5\n"
	 "bh trace --text -n 1000 web > trace.txt\n"},
	{NULL, NULL, NULL, 0, 0, 0, false, NULL, NULL},
};

int bh_fail(struct bh *bh, int result, const char *format, ...)
{
	va_list arguments;

	fflush(bh->out);
	fputs("bh: ", bh->errors);
	va_start(arguments, format);
	vfprintf(bh->errors, format, arguments);
	va_end(arguments);
	fputc('\n', bh->errors);
	return result;
}

static int help_all(struct bh *bh)
{
	fputs("bh: the partitions of this machine, from its management partition\n\n"
	      "usage: bh COMMAND [OPTION...] [NAME...]\n\n",
	      bh->out);
	for (const struct bh_command *command = bh_commands; command->name != NULL; command++) {
		fprintf(bh->out, "  %-13s %s\n", command->name, command->summary);
	}
	bh_container_help(bh);
	fputs("\n`bh COMMAND --help` shows options and examples.\n\n"
	      "exit status: 0 done, 1 failed, 2 wrong usage, 3 no such partition, 4 no "
	      "management device\n"
	      "BH_DEVICE=FOLDER is used in place of the device found in " BH_PCI_DEVICES ".\n",
	      bh->out);
	return BH_OK;
}

int bh_help(struct bh *bh, const struct bh_command *command)
{
	const char *meaning;
	const char *shown;
	const char *line = command->examples;

	fprintf(bh->out, "usage: bh %s [OPTION...] %s\n%s\n\n", command->name, command->arguments,
		command->summary);
	for (uint32_t i = 0;
	     (shown = bh_options_help(i, command->options | OPTIONS_ALL, &meaning)) != NULL; i++) {
		fprintf(bh->out, "  %-24s %s\n", shown, meaning);
	}
	fputs("\nexamples:\n", bh->out);
	while (*line != '\0') {
		const char *end = strchr(line, '\n');

		fprintf(bh->out, "  %.*s\n", (int)(end - line), line);
		line = end + 1;
	}
	return BH_OK;
}

static const struct bh_command *find(const char *name)
{
	for (const struct bh_command *command = bh_commands; command->name != NULL; command++) {
		if (strcmp(command->name, name) == 0) {
			return command;
		}
	}
	return NULL;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static int run(struct bh *bh, const struct bh_command *command)
{
	const char *why = "";

	if (!command->is_offline && !bh_device_is_open(&bh->device) &&
	    !bh_device_open(&bh->device, getenv("BH_DEVICE"), &why)) {
		return bh_fail(bh, BH_NO_DEVICE, "no management device: %s", why);
	}
	return command->run(bh);
}

int bh_run(struct bh *bh, int argc, char **argv)
{
	const struct bh_command *command;
	uint32_t count;

	if (argc < 2) {
		return bh_fail(bh, BH_USAGE, "no command: say what to do; `bh --help` lists all");
	}
	if (is_help(argv[1])) {
		return help_all(bh);
	}
	if (bh_is_container_word(argv[1])) {
		return bh_container(bh, argc, argv);
	}
	command = find(argv[1]);
	if (command == NULL) {
		return bh_fail(bh, BH_USAGE, "%.40s: no such command; `bh --help` lists all",
			       argv[1]);
	}
	if (!bh_options_parse(&bh->options, command->options | OPTIONS_ALL, argc, argv, 2)) {
		return bh_fail(bh, BH_USAGE, "%s: %s; see `bh %s --help`", command->name,
			       bh->options.why, command->name);
	}
	if ((bh->options.given & OPTION_HELP) != 0) {
		return bh_help(bh, command);
	}
	count = bh->options.name_count;
	if (count < command->names_min || count > command->names_max) {
		return bh_fail(bh, BH_USAGE, "%s: %s; usage: bh %s %s", command->name,
			       count > command->names_max ? "too many arguments"
			       : command->names_min > 1   ? "too few arguments"
							  : "no partition is named",
			       command->name, command->arguments);
	}
	return run(bh, command);
}
