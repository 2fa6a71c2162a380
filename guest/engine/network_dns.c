/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name server of a network: `bh-network dns`, which lives as long as its table is there and
 * outlives the engine. The default bridge has no names, but its containers need a server where the
 * host's own are reachable on the host alone (127.0.0.53).
 */
#include "engine.h"
#include "file.h"
#include "loop.h"
#include "network_inside.h"
#include "spawn.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RESOLV_MAX 65536

struct starting {
	int report;
	struct loop_fd *watch;
	network_done_fn done;
	void *context;
};

/* Only loopback addresses in resolv.conf. */
static bool host_servers_are_local(void)
{
	struct text text = {0};
	bool has_local = false, has_other = false;

	if (file_read_at(AT_FDCWD, "/etc/resolv.conf", &text, RESOLV_MAX) == 0) {
		for (char *line = text.data; line; line = strchr(line, '\n')) {
			line += *line == '\n';
			if (!strncmp(line, "nameserver", 10)) {
				line += 10 + strspn(line + 10, " \t");
				bool is_local =
					!strncmp(line, "127.", 4) || !strncmp(line, "::1", 3);
				has_local |= is_local;
				has_other |= !is_local;
			}
		}
	}
	text_free(&text);
	return has_local && !has_other;
}

bool network_has_names(const struct network *network)
{
	return *network->bridge && (!network->is_predefined || host_servers_are_local());
}

static void add_name(json *names, const char *network, const char *name, json *addresses)
{
	char *whole = text_format("%s.%s", name, network);
	const char *const both[] = {name, whole};

	for (size_t i = 0; i < 2; i++) {
		json *list = json_get_array(names, both[i]);
		if (!list) {
			json_set(names, both[i], json_object_get(addresses));
		} else if (list != addresses) {
			/* An alias of several: all of them. */
			json *joined = json_object_new_array();
			json_append_strings(joined, list);
			json_append_string(joined, json_string_at(addresses, 0));
			json_set(names, both[i], joined);
		}
	}
	free(whole);
}

static void add_endpoint(json *names, const struct network *network, json *endpoint)
{
	struct container *container =
		container_find(json_get_string(endpoint, "container", ""), NULL);
	json *aliases = json_get(json_get(endpoint, "config"), "Aliases");
	json *addresses = json_object_new_array();
	char text[IP_TEXT];

	json_append_string(addresses, endpoint_ip(endpoint, text));
	if (container) {
		char *short_id = text_format("%.12s", container->id);
		add_name(names, network->name, container->name, addresses);
		add_name(names, network->name, short_id, addresses);
		free(short_id);
	}
	for (size_t i = 0; i < json_count(aliases); i++) {
		const char *alias = json_string_at(aliases, i);
		if (alias && *alias) {
			add_name(names, network->name, alias, addresses);
		}
	}
	json_object_put(addresses);
}

/* For a container that is in other networks too: their names, which it asks this server for. */
static void add_client(json *clients, const struct network *network, json *endpoint)
{
	json *places = endpoints_of_container(json_get_string(endpoint, "container", ""));
	json *names = json_object_new_object();
	char text[IP_TEXT];

	for (size_t i = 0; i < json_count(places); i++) {
		struct network *other =
			network_find(json_get_string(json_at(places, i), "network", ""));
		if (!other || other == network || other->is_predefined) {
			continue;
		}
		json *neighbours = endpoints_of_network(other->id);
		for (size_t k = 0; k < json_count(neighbours); k++) {
			add_endpoint(names, other, json_at(neighbours, k));
		}
		json_object_put(neighbours);
	}
	if (json_object_object_length(names) > 0) {
		json_set(clients, endpoint_ip(endpoint, text), json_object_get(names));
	}
	json_object_put(names);
	json_object_put(places);
}

/* Whom the server asks for a container that has name servers of its own (--dns). */
static void add_servers(json *servers, json *endpoint)
{
	struct container *container =
		container_find(json_get_string(endpoint, "container", ""), NULL);
	char text[IP_TEXT];

	if (container && container->dns) {
		json_set(servers, ip_text((uint32_t)json_get_int(endpoint, "address", 0), text),
			 json_object_get(container->dns));
	}
}

static json *make_table(const struct network *network, json *endpoints)
{
	json *file = json_object_new_object();
	json *servers = json_object_new_object();
	json *names = json_object_new_object();
	json *clients = json_object_new_object();

	for (size_t i = 0; i < json_count(endpoints); i++) {
		json *endpoint = json_at(endpoints, i);
		if (!network->is_predefined) {
			add_endpoint(names, network, endpoint);
		}
		add_client(clients, network, endpoint);
		add_servers(servers, endpoint);
	}
	json_set(file, "names", names);
	json_set(file, "clients", clients);
	json_set(file, "servers", servers);
	return file;
}

static int write_table(const struct network *network, const char *path, json *endpoints)
{
	json *file = make_table(network, endpoints);
	char *folder = engine_run_path("networks/%s", network->id);
	const char *text = json_text(file);
	int result = file_make_dirs(folder, 0711);

	if (result == 0) {
		result = file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, 0);
	}
	free(folder);
	json_object_put(file);
	return result;
}

/* The tables of networks whose containers are in this one too. */
static void update_neighbours(const struct network *network, json *endpoints, const char *leaving)
{
	for (struct network *one = network_first(); one; one = one->next) {
		char *path = engine_run_path("networks/%s/names.json", one->id);
		bool is_touched = false;
		if (one != network && access(path, F_OK) == 0) {
			json *theirs = endpoints_of_network(one->id);
			for (size_t i = 0; i < json_count(theirs) && !is_touched; i++) {
				const char *id =
					json_get_string(json_at(theirs, i), "container", "");
				is_touched = leaving && !strcmp(id, leaving);
				for (size_t k = 0; k < json_count(endpoints); k++) {
					json *own = json_at(endpoints, k);
					is_touched |=
						!strcmp(id, json_get_string(own, "container", ""));
				}
			}
			if (is_touched && write_table(one, path, theirs) < 0) {
				engine_log("cannot write %s: %s", path, strerror(errno));
			}
			json_object_put(theirs);
		}
		free(path);
	}
}

static void on_server_end(void *context, int status)
{
	struct network *network = network_find(context);

	(void)status;
	if (network) {
		network->has_server = false;
	}
	free(context);
}

/* Its report: it serves, or another does, or it cannot. */
static void on_report(void *context, uint32_t events)
{
	struct starting *starting = context;
	char block[2048];
	ssize_t count = read(starting->report, block, sizeof(block) - 1);
	const char *error;

	(void)events;
	json *line = count > 0 ? json_parse(block, (size_t)count, &error) : NULL;
	loop_remove_fd(starting->watch);
	close(starting->report);
	const char *words = json_get_string(line, "error", NULL);
	char *told = json_get(line, "result")
			     ? NULL
			     : text_format("no name server: %s", words ? words : "it ended");
	starting->done(starting->context, told);
	free(told);
	json_object_put(line);
	free(starting);
}

static pid_t start_process(const struct network *network, char *table, int report, int *pidfd)
{
	char gateway[IP_TEXT];
	char *path = engine_program("bh-network");
	char *argv[] = {"bh-network",
			"dns",
			"--listen",
			(char *)(uintptr_t)ip_text(network->gateway, gateway),
			"--interface",
			network->bridge,
			"--table",
			table,
			network_is_internal(network) ? "--no-forward" : NULL,
			NULL};
	struct spawn_fd fds[] = {{STDERR_FILENO, 2}, {report, 3}};
	struct spawn spawn = {
		.path = path,
		.argv = argv,
		.directory = "/",
		.fds = fds,
		.fd_count = 2,
		.new_session = 1,
	};
	pid_t pid = spawn_start(&spawn, pidfd);

	free(path);
	return pid;
}

static void start_server(struct network *network, char *table, network_done_fn done, void *context)
{
	int report[2] = {-1, -1}, pidfd = -1;
	pid_t pid = pipe2(report, O_CLOEXEC) < 0 ? -1
						 : start_process(network, table, report[1], &pidfd);

	file_close(report[1]);
	if (pid < 0) {
		char *words = text_format("cannot start bh-network dns: %s", strerror(errno));
		file_close(report[0]);
		done(context, words);
		free(words);
		return;
	}
	network->has_server = true;
	loop_add_child(pid, pidfd, on_server_end, text_copy(network->id));
	struct starting *starting = memory_zeroed(1, sizeof(*starting));
	starting->report = report[0];
	starting->done = done;
	starting->context = context;
	starting->watch = loop_add_fd(report[0], EPOLLIN, on_report, starting);
}

void network_dns_update(struct network *network, const char *leaving, network_done_fn done,
			void *context)
{
	json *endpoints = endpoints_of_network(network->id);

	update_neighbours(network, endpoints, leaving);
	if (!network_has_names(network)) {
		json_object_put(endpoints);
		done(context, NULL);
		return;
	}
	char *path = engine_run_path("networks/%s/names.json", network->id);
	if (json_count(endpoints) == 0) {
		unlink(path); /* the server sees it and ends */
		network->has_server = false;
		done(context, NULL);
	} else if (write_table(network, path, endpoints) < 0) {
		char *words = text_format("cannot write %s: %s", path, strerror(errno));
		done(context, words);
		free(words);
	} else if (network->has_server) {
		done(context, NULL);
	} else {
		start_server(network, path, done, context);
	}
	free(path);
	json_object_put(endpoints);
}
