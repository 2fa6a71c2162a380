/* SPDX-License-Identifier: Apache-2.0 */
/* `bh-network dns`: sets up, gives up privileges, serves. */
#include "dns.h"

#include "dns_server.h"
#include "file.h"
#include "privilege.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_USAGE     2
#define RESOLV_MAX     65536
#define EVENTS_AT_ONCE 64
#define DESCRIPTORS    1024
#define LOCK_TRIES     10
#define LOCK_PAUSE_US  5000

struct options {
	const char *listen, *table, *interface, *resolv;
	uint16_t port;
	bool forwards;
};

struct files {
	int directory; /* of the table */
	const char *name;
	int notes; /* inotify of the directory */
	struct timespec resolv_time;
	ino_t resolv_inode;
};

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{"listen", required_argument, NULL, 'l'},
		{"table", required_argument, NULL, 't'},
		{"interface", required_argument, NULL, 'i'},
		{"resolv", required_argument, NULL, 'r'},
		{"port", required_argument, NULL, 'p'},
		{"no-forward", no_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	uint16_t last = 0;
	int option;

	*options = (struct options){.port = 53, .resolv = "/etc/resolv.conf", .forwards = true};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'l':
			options->listen = optarg;
			break;
		case 't':
			options->table = optarg;
			break;
		case 'i':
			options->interface = optarg;
			break;
		case 'r':
			options->resolv = optarg;
			break;
		case 'p':
			if (!port_range_parse(optarg, &options->port, &last) ||
			    last != options->port || last == 0) {
				return -1;
			}
			break;
		case 'n':
			options->forwards = false;
			break;
		default:
			return -1;
		}
	}
	return options->listen && options->table && optind == argc ? 0 : -1;
}

static int set_own_address(struct dns_server *server, const struct options *options,
			   struct failure *failure)
{
	union dns_socket_address *own = &server->own;

	if (inet_pton(AF_INET, options->listen, &own->v4.sin_addr) == 1) {
		own->v4.sin_family = AF_INET;
		own->v4.sin_port = htons(options->port);
	} else if (inet_pton(AF_INET6, options->listen, &own->v6.sin6_addr) == 1) {
		own->v6.sin6_family = AF_INET6;
		own->v6.sin6_port = htons(options->port);
	} else {
		return fail(failure, "bad-input", "--listen %s is no address", options->listen);
	}
	return 0;
}

/* Bound to the interface too, so that no other network asks for these names. */
static int bind_socket(struct dns_server *server, int type, const struct options *options,
		       struct failure *failure)
{
	int on = 1;
	int fd = socket(server->own.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (type == SOCK_STREAM && fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	}
	if (fd < 0 ||
	    (options->interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->interface,
					      (socklen_t)strlen(options->interface)) < 0) ||
	    bind(fd, &server->own.any, dns_socket_size(&server->own)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, DNS_CONNECTIONS_MAX) < 0)) {
		return fail(failure, fail_kind(errno), "cannot listen at %s port %u: %s",
			    options->listen, options->port, strerror(errno));
	}
	return fd;
}

/* One server for a table: the one that is there outlives the engine. */
static int lock_table(struct files *files, struct failure *failure, bool *is_served)
{
	char *name = text_format("%s.lock", files->name);
	int fd = openat(files->directory, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int result = fd < 0 ? -1 : flock(fd, LOCK_EX | LOCK_NB);

	/* One whose table was removed a moment ago may be about to end. */
	for (int i = 0; i < LOCK_TRIES && result < 0 && fd >= 0 && errno == EWOULDBLOCK; i++) {
		usleep(LOCK_PAUSE_US);
		result = flock(fd, LOCK_EX | LOCK_NB);
	}
	*is_served = result < 0 && fd >= 0 && errno == EWOULDBLOCK;
	if (result < 0 && !*is_served) {
		fail(failure, fail_kind(errno), "cannot lock %s: %s", name, strerror(errno));
	}
	free(name);
	return *is_served ? 0 : result;
}

static int open_files(const struct options *options, struct files *files, struct failure *failure)
{
	char *copy = text_copy(options->table);
	char *slash = strrchr(copy, '/');

	files->name = slash ? options->table + (slash - copy) + 1 : options->table;
	if (slash) {
		*slash = '\0';
	}
	const char *directory = !slash ? "." : *copy ? copy : "/";
	files->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	files->notes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int result = 0;
	if (files->directory < 0 || files->notes < 0 ||
	    inotify_add_watch(files->notes, directory,
			      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
				      IN_DELETE_SELF) < 0) {
		result = fail(failure, fail_kind(errno), "cannot watch %s: %s", directory,
			      strerror(errno));
	}
	free(copy);
	return result;
}

/* Returns 1 when the file is gone. */
static int load_table(struct dns_server *server, const struct files *files)
{
	struct text text = {0};
	const char *error = NULL;

	if (file_read_at(files->directory, files->name, &text, DNS_TABLE_MAX) < 0) {
		if (errno == ENOENT) {
			return 1;
		}
		error = strerror(errno);
	} else {
		dns_table_load(&server->table, text.data, text.length, &error);
	}
	text_free(&text);
	if (error) {
		fprintf(stderr, "bh-network: %s: %s; the names stay as they were\n", files->name,
			error);
	}
	return 0;
}

static int serve_table_change(struct dns_server *server, struct files *files)
{
	char room[4096] __attribute__((aligned(8)));

	while (read(files->notes, room, sizeof(room)) > 0) {
	}
	return load_table(server, files);
}

/* Read again when it has changed. */
static void load_resolvers(struct dns_server *server, struct files *files, const char *path)
{
	struct stat facts;
	struct text text = {0};

	if (stat(path, &facts) < 0 ||
	    (facts.st_ino == files->resolv_inode &&
	     memcmp(&facts.st_mtim, &files->resolv_time, sizeof(facts.st_mtim)) == 0)) {
		return;
	}
	files->resolv_inode = facts.st_ino;
	files->resolv_time = facts.st_mtim;
	if (file_read_at(AT_FDCWD, path, &text, RESOLV_MAX) == 0) {
		dns_resolvers_parse(text.data, &server->own, &server->resolvers);
	}
	text_free(&text);
}

static void dispatch(struct dns_server *server, uint64_t data)
{
	size_t index = (uint32_t)data;

	switch ((enum dns_source)(data >> 32)) {
	case DNS_SOURCE_UDP:
		dns_udp_receive(server);
		break;
	case DNS_SOURCE_TCP:
		dns_tcp_accept(server);
		break;
	case DNS_SOURCE_EXCHANGE:
		dns_udp_answered(server, index);
		break;
	case DNS_SOURCE_CLIENT:
		dns_tcp_client(server, index);
		break;
	case DNS_SOURCE_UPSTREAM:
		dns_tcp_upstream(server, index);
		break;
	case DNS_SOURCE_TABLE:
		break;
	}
}

static int time_to_wait(struct dns_server *server)
{
	int64_t now = timestamp_ms();
	int64_t udp = dns_udp_expire(server, now), tcp = dns_tcp_expire(server, now);
	int64_t next = udp < tcp ? udp : tcp;

	return next == INT64_MAX ? -1 : next <= now ? 0 : (int)(next - now);
}

/* Until the table is removed. */
static int serve(struct dns_server *server, struct files *files, const char *resolv)
{
	struct epoll_event events[EVENTS_AT_ONCE];

	for (;;) {
		int count = epoll_wait(server->epoll, events, EVENTS_AT_ONCE, time_to_wait(server));
		if (count < 0 && errno != EINTR) {
			perror("bh-network: epoll_wait");
			return 1;
		}
		if (count > 0) {
			load_resolvers(server, files, resolv);
		}
		for (int i = 0; i < count; i++) {
			if (events[i].data.u64 >> 32 == DNS_SOURCE_TABLE) {
				if (serve_table_change(server, files) == 1) {
					return 0;
				}
				continue;
			}
			dispatch(server, events[i].data.u64);
		}
	}
}

static int prepare(struct dns_server *server, struct files *files, const struct options *options,
		   struct failure *failure)
{
	struct rlimit descriptors = {DESCRIPTORS, DESCRIPTORS};

	server->forwards = options->forwards;
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->udp = bind_socket(server, SOCK_DGRAM, options, failure);
	if (server->udp < 0 ||
	    (server->tcp = bind_socket(server, SOCK_STREAM, options, failure)) < 0) {
		return -1;
	}
	if (load_table(server, files) == 1) {
		return fail(failure, "not-found", "there is no table %s", options->table);
	}
	setrlimit(RLIMIT_NOFILE, &descriptors);
	if (dns_watch(server, server->udp, EPOLLIN, DNS_SOURCE_UDP, 0) < 0 ||
	    dns_watch(server, server->tcp, EPOLLIN, DNS_SOURCE_TCP, 0) < 0 ||
	    dns_watch(server, files->notes, EPOLLIN, DNS_SOURCE_TABLE, 0) < 0) {
		return fail(failure, "io", "cannot watch sockets: %s", strerror(errno));
	}
	return privilege_drop(failure);
}

int dns_main(int argc, char **argv)
{
	static struct dns_server server;
	struct files files = {0};
	struct options options;
	struct failure failure = {0};
	bool is_served = false;

	if (parse_options(argc, argv, &options) < 0) {
		fprintf(stderr, "usage: bh-network dns --listen ADDRESS --table FILE "
				"[--interface NAME] [--port N] [--resolv FILE] [--no-forward]\n");
		return EXIT_USAGE;
	}
	json *result = json_object_new_object();
	if (set_own_address(&server, &options, &failure) < 0 ||
	    open_files(&options, &files, &failure) < 0 ||
	    lock_table(&files, &failure, &is_served) < 0 ||
	    (!is_served && prepare(&server, &files, &options, &failure) < 0)) {
		json_object_put(result);
		return report_failure(&failure);
	}
	json_set_bool(result, "already", is_served);
	report_result(result);
	report_close();
	if (is_served) {
		return 0;
	}
	return serve(&server, &files, options.resolv);
}
