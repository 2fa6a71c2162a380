/* SPDX-License-Identifier: Apache-2.0 */
/* bh-tls: TLS with client certificates in front of the engine's socket. bh-tls.8 describes it. */
#include "certificate.h"
#include "proxy.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>

#define EXIT_USAGE        2
#define CONNECTIONS_MAX   2048
#define HANDSHAKE_SECONDS 10
#define HOSTS_MAX         32
#define DAYS              825
#define DAYS_MAX          3650

static const char help[] =
	"usage: bh-tls --listen HOST:PORT --to SOCKET --tlscacert FILE --tlscert FILE --tlskey "
	"FILE\n"
	"              [--connections N] [--handshake-seconds N]\n"
	"       bh-tls make-certificates DIR --host NAME [--host NAME]... [--days N]\n"
	"TLS 1.2 and 1.3 in front of the engine's Unix socket, for clients with a certificate of "
	"the\n"
	"authority. SIGHUP rereads the files; SIGTERM ends it.\n"
	"  --listen HOST:PORT    where, e.g. 0.0.0.0:2376 or [::]:2376\n"
	"  --to SOCKET           the engine's socket, e.g. /run/bulkhead/engine.sock\n"
	"  --connections N       at most (2048)\n"
	"  --handshake-seconds N for a client to show its certificate (10)\n"
	"  --host NAME           a name or address that clients know the server by\n"
	"  --days N              until the server's and the client's certificates end (825)\n"
	"  --help, --version\n";

static int usage(void)
{
	fputs(help, stderr);
	return EXIT_USAGE;
}

/* 0 when it is none of 1 to `most`. */
static unsigned number(const char *text, unsigned most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && !*end && value <= most ? (unsigned)value : 0;
}

static int make_certificates(int argc, char **argv)
{
	static const struct option known[] = {
		{"host", required_argument, NULL, 'h'},
		{"days", required_argument, NULL, 'd'},
		{NULL, 0, NULL, 0},
	};
	const char *hosts[HOSTS_MAX];
	struct certificate_options options = {.hosts = hosts, .days = DAYS};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'h' && options.host_count < HOSTS_MAX && *optarg) {
			hosts[options.host_count++] = optarg;
		} else if (option == 'd') {
			options.days = (int)number(optarg, DAYS_MAX);
		} else {
			return usage();
		}
	}
	if (optind + 1 != argc || options.host_count == 0 || options.days == 0) {
		return usage();
	}
	options.directory = argv[optind];
	return certificate_make(&options);
}

static int parse_options(int argc, char **argv, struct proxy_options *options)
{
	static const struct option known[] = {
		{"listen", required_argument, NULL, 'l'},
		{"to", required_argument, NULL, 't'},
		{"tlscacert", required_argument, NULL, 'a'},
		{"tlscert", required_argument, NULL, 'c'},
		{"tlskey", required_argument, NULL, 'k'},
		{"connections", required_argument, NULL, 'n'},
		{"handshake-seconds", required_argument, NULL, 's'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'l':
			options->listen = optarg;
			break;
		case 't':
			options->engine = optarg;
			break;
		case 'a':
			options->files.authority = optarg;
			break;
		case 'c':
			options->files.certificate = optarg;
			break;
		case 'k':
			options->files.key = optarg;
			break;
		case 'n':
			options->connections_max = number(optarg, 100000);
			break;
		case 's':
			options->handshake_seconds = number(optarg, 3600);
			break;
		default:
			return -1;
		}
	}
	return optind == argc && options->listen && options->engine && options->files.authority &&
			       options->files.certificate && options->files.key &&
			       options->connections_max && options->handshake_seconds
		       ? 0
		       : -1;
}

int main(int argc, char **argv)
{
	struct proxy_options options = {.connections_max = CONNECTIONS_MAX,
					.handshake_seconds = HANDSHAKE_SECONDS};

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("bh-tls (Bulkhead) 1");
		return 0;
	}
	/* Keys are in its memory. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (argc > 1 && strcmp(argv[1], "make-certificates") == 0) {
		return make_certificates(argc - 1, argv + 1);
	}
	if (parse_options(argc, argv, &options) < 0) {
		return usage();
	}
	if (strlen(options.engine) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		fprintf(stderr, "bh-tls: --to %s is too long for a socket's path\n",
			options.engine);
		return EXIT_USAGE;
	}
	return proxy_run(&options);
}
