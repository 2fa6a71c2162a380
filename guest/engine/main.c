/* SPDX-License-Identifier: Apache-2.0 */
/* bh-engine: options, start, end. */
#include "db.h"
#include "engine.h"
#include "file.h"
#include "http.h"
#include "listen.h"
#include "loop.h"
#include "name.h"
#include "reconcile.h"
#include "registry_insecure.h"
#include "rootfs.h"
#include "runtime.h"
#include "text.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct engine engine = {.root = "/var/lib/bulkhead", .run = "/run/bulkhead"};

static const char usage[] =
	"Usage: bh-engine [OPTIONS]\n"
	"The daemon: containers by the Docker Engine API.\n\n"
	"  --root DIR           state that stays (/var/lib/bulkhead)\n"
	"  --run DIR            state until the next start of the host (/run/bulkhead)\n"
	"  --host URL           unix://PATH (unix:///run/docker.sock), up to 8 times\n"
	"  --insecure-tcp       allows --host tcp://127.0.0.1:PORT, which anybody here can use\n"
	"  --runtime NAME=PATH  one more OCI runtime\n"
	"  --insecure-registry HOST[:PORT]\n"
	"                       may be plain HTTP, or have a certificate that nobody knows; up to "
	"16\n"
	"  --bridge-device NAME an interface that joins the default bridge: the management\n"
	"                       partition's card on the switch of partitions\n"
	"  --debug              say more\n"
	"  --help, --version\n\n"
	"SIGTERM ends the engine; containers go on, and the next engine takes them over.\n"
	"Exit status: 0 ended by a signal, 1 could not start, 2 wrong options.\n";

void engine_log(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *line = text_vformat(format, arguments);
	va_end(arguments);
	fprintf(stderr, "bh-engine: %s\n", line);
	free(line);
}

static char *path_below(const char *top, const char *format, va_list arguments)
{
	char *relative = text_vformat(format, arguments);
	char *path = text_format("%s/%s", top, relative);

	free(relative);
	return path;
}

char *engine_root_path(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *path = path_below(engine.root, format, arguments);
	va_end(arguments);
	return path;
}

char *engine_run_path(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *path = path_below(engine.run, format, arguments);
	va_end(arguments);
	return path;
}

char *engine_program(const char *name)
{
	return text_format("%s/%s", engine.bin, name);
}

static void find_bin(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length < 0 ? 0 : length] = '\0';
	char *slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
	}
	engine.bin = text_copy(slash ? path : "/usr/lib/bulkhead");
}

static int wrong_option(const char *words, const char *value)
{
	fprintf(stderr, "bh-engine: %s %s; see bh-engine --help\n", words, value);
	return 2;
}

static int add_host(const char *url)
{
	for (size_t i = 0; i < sizeof(engine.hosts) / sizeof(engine.hosts[0]); i++) {
		if (!engine.hosts[i]) {
			engine.hosts[i] = url;
			return -1;
		}
	}
	return wrong_option("too many --host:", url);
}

enum {
	OPTION_ROOT = 1,
	OPTION_RUN,
	OPTION_HOST,
	OPTION_TCP,
	OPTION_RUNTIME,
	OPTION_DEVICE,
	OPTION_REGISTRY,
	OPTION_DEBUG,
	OPTION_HELP,
	OPTION_VERSION
};

/* An absolute path that leaves room for what lies below it. */
static int take_path(const char **path, const char *value)
{
	*path = value;
	if (value[0] != '/') {
		return wrong_option("no absolute path:", value);
	}
	if (strlen(value) > ENGINE_PATH_MAX) {
		fprintf(stderr, "bh-engine: a path is too long: %zu bytes, %d at most: %s\n",
			strlen(value), ENGINE_PATH_MAX, value);
		return 2;
	}
	return -1;
}

static int take_option(int option, char *value)
{
	switch (option) {
	case OPTION_ROOT:
		return take_path(&engine.root, value);
	case OPTION_RUN:
		return take_path(&engine.run, value);
	case OPTION_HOST:
		return add_host(value);
	case OPTION_TCP:
		engine.insecure_tcp = true;
		return -1;
	case OPTION_RUNTIME:
		return runtime_add(value) == 0 ? -1 : wrong_option("not NAME=PATH:", value);
	case OPTION_DEVICE:
		engine.bridge_device = value;
		return -1;
	case OPTION_REGISTRY:
		return registry_insecure_add(value) == 0
			       ? -1
			       : wrong_option("not HOST[:PORT], or one too many:", value);
	case OPTION_DEBUG:
		engine.debug = true;
		return -1;
	case OPTION_HELP:
		fputs(usage, stdout);
		return 0;
	case OPTION_VERSION:
		puts("bh-engine " ENGINE_VERSION);
		return 0;
	default:
		return wrong_option("wrong options", "");
	}
}

/* The exit status, or -1 to go on. */
static int parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, OPTION_ROOT},
		{"run", required_argument, NULL, OPTION_RUN},
		{"host", required_argument, NULL, OPTION_HOST},
		{"insecure-tcp", no_argument, NULL, OPTION_TCP},
		{"runtime", required_argument, NULL, OPTION_RUNTIME},
		{"bridge-device", required_argument, NULL, OPTION_DEVICE},
		{"insecure-registry", required_argument, NULL, OPTION_REGISTRY},
		{"debug", no_argument, NULL, OPTION_DEBUG},
		{"help", no_argument, NULL, OPTION_HELP},
		{"version", no_argument, NULL, OPTION_VERSION},
		{NULL, 0, NULL, 0},
	};
	int option;
	int status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		status = take_option(option, optarg);
	}
	if (status < 0 && optind < argc) {
		return wrong_option("what is", argv[optind]);
	}
	return status;
}

static void on_signal(void *context, uint32_t events)
{
	(void)context;
	(void)events;
	loop_stop();
}

static int watch_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 && loop_add_fd(fd, EPOLLIN, on_signal, NULL) ? 0 : -1;
}

static int make_folders(void)
{
	static const char *const of_root[] = {"blobs/sha256", "layers", "tmp", "containers",
					      "volumes"};
	static const char *const of_run[] = {"containers", "runtime", "netns"};
	int result = 0;

	for (size_t i = 0; i < sizeof(of_root) / sizeof(of_root[0]); i++) {
		char *path = engine_root_path("%s", of_root[i]);
		/* Or a user of the host could start what is set-user-ID in a container. */
		result |= file_make_dirs(path, 0700) | chmod(path, 0700);
		free(path);
	}
	for (size_t i = 0; i < sizeof(of_run) / sizeof(of_run[0]); i++) {
		char *path = engine_run_path("%s", of_run[i]);
		result |= file_make_dirs(path, 0711);
		free(path);
	}
	return result;
}

/* Of this installation, made once. */
static int set_id(void)
{
	char id[ID_SIZE];

	if (db_run("INSERT OR IGNORE INTO meta (key, value) VALUES ('id', ?)", "t", id_random(id)) <
	    0) {
		return -1;
	}
	engine.id = db_first(db_query("SELECT value FROM meta WHERE key = 'id'", ""));
	return engine.id ? 0 : -1;
}

static int start(void)
{
	umask(022);
	if (make_folders() < 0) {
		engine_log("cannot make the folders of %s and %s: %s", engine.root, engine.run,
			   strerror(errno));
		return -1;
	}
	char *path = engine_root_path("engine.db");
	int result = db_open(path);
	free(path);
	if (result < 0) {
		engine_log("cannot open %s/engine.db; is another engine running?", engine.root);
		return -1;
	}
	if (loop_open() < 0 || watch_signals() < 0) {
		engine_log("cannot watch events: %s", strerror(errno));
		return -1;
	}
	if (rootfs_prepare() < 0) {
		engine_log("cannot make %s/mount-points: %s", engine.root, strerror(errno));
		return -1;
	}
	if (set_id() < 0 || reconcile() < 0) {
		return -1;
	}
	return listen_hosts();
}

int main(int argc, char **argv)
{
	int status = parse_options(argc, argv);

	if (status >= 0) {
		return status;
	}
	find_bin();
	if (start() < 0) {
		return 1;
	}
	loop_run();
	http_close();
	listen_remove();
	db_close();
	return 0;
}
