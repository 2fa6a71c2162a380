/* SPDX-License-Identifier: Apache-2.0 */
/* bh-network: the worker for bridges, endpoints and published ports. bh-network.8 describes it. */
#include "command.h"
#include "dns.h"
#include "file.h"
#include "netns.h"
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define REQUEST_FD  4
#define EXIT_USAGE  2
#define RUN_DEFAULT "/run/bulkhead"

static const char help[] =
	"usage: bh-network [--run DIR] COMMAND < request on descriptor 4\n"
	"       bh-network dns --listen ADDRESS --table FILE [--interface NAME]\n"
	"                      [--port N] [--resolv FILE] [--no-forward]\n"
	"Sets up the networks of containers. Commands:\n"
	"  bridge-up, bridge-down   a network's bridge, address and rules\n"
	"  attach, detach           a container's (or partition's) interface and published ports\n"
	"  netns-delete             a network namespace made by attach\n"
	"  sync                     everything of a request, after a crash\n"
	"  dns                      the name server of a network\n"
	"  --run DIR   state that ends with the machine (" RUN_DEFAULT ")\n"
	"  --help, --version\n"
	"Requests, reports and exit status: bh-network(8).\n";

static int with_network(struct context *context, json *request, json **result,
			struct failure *failure, bool is_up)
{
	struct network network;
	int status = is_up ? request_network(request, &network, failure)
			   : request_network_name(request, &network, failure);

	if (status == 0) {
		status = is_up ? bridge_up(context, &network, failure)
			       : bridge_down(context, &network, failure);
	}
	*result = json_object_new_object();
	return status;
}

static int do_bridge_up(struct context *context, json *request, json **result,
			struct failure *failure)
{
	return with_network(context, request, result, failure, true);
}

static int do_bridge_down(struct context *context, json *request, json **result,
			  struct failure *failure)
{
	return with_network(context, request, result, failure, false);
}

static int with_endpoint(struct context *context, json *request, json **result,
			 struct failure *failure, bool is_attach)
{
	struct endpoint endpoint;
	int status = request_endpoint(request, &endpoint, failure);

	if (status == 0) {
		status = is_attach ? endpoint_attach(context, &endpoint, failure)
				   : endpoint_detach(context, &endpoint, failure);
	}
	*result = status == 0 && is_attach ? endpoint_result(&endpoint) : json_object_new_object();
	endpoint_free(&endpoint);
	return status;
}

static int do_attach(struct context *context, json *request, json **result, struct failure *failure)
{
	return with_endpoint(context, request, result, failure, true);
}

static int do_detach(struct context *context, json *request, json **result, struct failure *failure)
{
	return with_endpoint(context, request, result, failure, false);
}

static int do_netns_delete(struct context *context, json *request, json **result,
			   struct failure *failure)
{
	char path[NETNS_PATH_MAX];

	(void)context;
	*result = json_object_new_object();
	if (request_netns(request, path, sizeof(path), failure) < 0) {
		return -1;
	}
	if (netns_delete(path) < 0) {
		return fail(failure, fail_kind(errno), "cannot remove %s: %s", path,
			    strerror(errno));
	}
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct context *, json *, json **, struct failure *);
} commands[] = {
	{"bridge-up", do_bridge_up}, {"bridge-down", do_bridge_down},
	{"attach", do_attach},       {"detach", do_detach},
	{"sync", sync_run},          {"netns-delete", do_netns_delete},
};

static json *read_request(struct failure *failure)
{
	struct text text = {0};
	const char *error = NULL;
	json *request = NULL;

	if (fcntl(REQUEST_FD, F_GETFD) < 0) {
		return json_object_new_object();
	}
	if (file_read_fd(REQUEST_FD, &text, REQUEST_MAX) < 0) {
		fail(failure, "bad-input", "cannot read the request on descriptor %d: %s",
		     REQUEST_FD, strerror(errno));
	} else {
		request = json_parse(text.data, text.length, &error);
		if (!json_object_is_type(request, json_type_object)) {
			fail(failure, "bad-input", "the request is no JSON object: %s",
			     error ? error : "another type");
		}
	}
	text_free(&text);
	return request;
}

/* A sync waits for commands of an engine that is dead already, and takes back what they have done.
 * Held to the end of the process. */
static int lock_run(const char *run, bool is_sync, struct failure *failure)
{
	char *directory = text_format("%s/network", run);
	char *path = text_format("%s/commands", directory);
	int fd = file_make_dirs(directory, 0711) < 0
			 ? -1
			 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, is_sync ? LOCK_EX : LOCK_SH) < 0) {
		fail(failure, fail_kind(errno), "cannot lock %s: %s", path, strerror(errno));
	}
	free(path);
	free(directory);
	return failure->kind ? -1 : 0;
}

static int run_command(const char *run, const char *name)
{
	static struct context context;
	struct failure failure = {0};
	json *result = NULL;
	size_t count = sizeof(commands) / sizeof(commands[0]), i = 0;

	while (i < count && strcmp(commands[i].name, name) != 0) {
		i++;
	}
	if (i == count) {
		fprintf(stderr, "bh-network: unknown command %s; see bh-network --help\n", name);
		return EXIT_USAGE;
	}
	context.run = run;
	json *request = read_request(&failure);
	if (!failure.kind) {
		lock_run(run, commands[i].run == sync_run, &failure);
	}
	if (!failure.kind && netlink_open(&context.netlink, NETLINK_ROUTE) < 0) {
		fail(&failure, fail_kind(errno), "cannot open rtnetlink: %s", strerror(errno));
	}
	if (!failure.kind) {
		commands[i].run(&context, request, &result, &failure);
	}
	json_object_put(request);
	netlink_close(&context.netlink);
	if (failure.kind) {
		json_object_put(result);
		return report_failure(&failure);
	}
	return report_result(result);
}

int main(int argc, char **argv)
{
	const char *run = RUN_DEFAULT;
	int next = 1;

	/* The holding process has its socket where others have their report. */
	if (argc == 2 && strcmp(argv[1], "hold") == 0) {
		return hold_run();
	}
	report_init();
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("bh-network (Bulkhead) 1");
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "--run") == 0) {
		run = argv[2];
		next = 3;
	}
	if (next < argc && strcmp(argv[next], "dns") == 0) {
		return dns_main(argc - next, argv + next);
	}
	if (next + 1 != argc || run[0] != '/') {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	return run_command(run, argv[next]);
}
