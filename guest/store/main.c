/* SPDX-License-Identifier: Apache-2.0 */
/* bh-image and bh-registry: one command, then it ends. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "commands.h"
#include "registry.h"
#include "report.h"
#include "store.h"
#include "stream.h"
#include "unpack.h"

#define VERSION      "bh-image (Bulkhead) 1"
#define DEFAULT_ROOT "/var/lib/bulkhead"
#define EXIT_USAGE   2
#define SIBLING      "bh-registry"

long http_stall = 30;
const char *registry_certificates = "/etc/docker/certs.d";

static void help(void)
{
	puts("Usage: bh-image [--root DIR] COMMAND [OPERAND]\n"
	     "Works on images and layers for bh-engine. The request is JSON on descriptor 4, the\n"
	     "report JSON lines on descriptor 3 (else on standard output).\n\n"
	     "Commands:");
	for (size_t i = 0; i < command_count; i++) {
		printf("  %-14s%-9s %s\n", commands[i].name,
		       commands[i].operand ? commands[i].operand : "", commands[i].help);
	}
	puts("\nOptions:\n"
	     "  --root DIR         the store (" DEFAULT_ROOT ")\n"
	     "  --max-bytes N      an archive may unpack to so many bytes\n"
	     "  --max-entries N    an archive may have so many entries\n"
	     "  --stall SECONDS    a server that sends nothing for so long is given up (30)\n"
	     "  --certificates DIR DIR/HOST/ca.crt is trusted for HOST (/etc/docker/certs.d)\n"
	     "  --help, --version\n\n"
	     "Example: bh-image load <busybox.tar\n"
	     "Exit status: 0 done, 1 failed (the last line says why), 2 wrong usage.");
}

static _Noreturn void usage(const char *problem, const char *word)
{
	fprintf(stderr, "bh-image: %s%s; see bh-image --help\n", problem, word);
	exit(EXIT_USAGE);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < command_count; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	usage("unknown command ", name);
}

static uint64_t number(const char *word)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(word, &end, 10);
	if (errno || *end || end == word || value == 0) {
		usage("not a number: ", word);
	}
	return value;
}

static const char *read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"max-bytes", required_argument, NULL, 'b'},
		{"max-entries", required_argument, NULL, 'e'},
		{"stall", required_argument, NULL, 's'},
		{"certificates", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	const char *root = DEFAULT_ROOT;
	int option;

	while ((option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			root = optarg;
			break;
		case 'b':
			stream_limit_bytes = number(optarg);
			break;
		case 'e':
			unpack_limit_entries = number(optarg);
			break;
		case 's':
			http_stall = (long)number(optarg);
			break;
		case 'c':
			registry_certificates = optarg;
			break;
		case 'h':
			help();
			exit(0);
		case 'v':
			puts(VERSION);
			exit(0);
		default:
			exit(EXIT_USAGE);
		}
	}
	return root;
}

/* Registry commands are a program of their own, beside this one: the libraries that they need take
 * more time to load than most other commands to run. */
static _Noreturn void run_sibling(char **argv)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof(SIBLING));

	path[length < 0 ? 0 : length] = '\0';
	char *slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, SIBLING);
	execv(path, argv);
	report_start(false);
	fail_errno("cannot run %s, which must lie beside bh-image", path);
}

int main(int argc, char **argv)
{
	const char *root = read_options(argc, argv);

	if (optind >= argc) {
		usage("a command is missing", "");
	}
	const struct command *command = find(argv[optind++]);
	const char *operand = command->operand && optind < argc ? argv[optind++] : NULL;
	if (command->operand && !operand) {
		usage("an operand is missing: ", command->operand);
	}
	if (optind < argc) {
		usage("too many words: ", argv[optind]);
	}
	if (!command->run) {
		run_sibling(argv);
	}
	/* Names in archives are bytes; libarchive wants a locale for those of pax headers. */
	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	umask(0);
	report_start(command->has_output);
	if (command->has_store) {
		store_open(root);
	}
	command->run(operand);
	return 0;
}
