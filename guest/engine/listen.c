/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"
#include "engine.h"
#include "file.h"
#include "http.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 1024 /* HTTP_CONNECTIONS at once, without a refusal */
#define LISTEN_DEFAULT "unix:///run/docker.sock"

/* Somebody answers there: another engine. */
static int is_served(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int served =
		fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	file_close(fd);
	return served;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char *parent = text_copy(path);
	char *slash = strrchr(parent, '/');

	if (slash && slash != parent) {
		*slash = '\0';
		file_make_dirs(parent, 0755);
	}
	free(parent);
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	if (is_served(&address)) {
		errno = EADDRINUSE;
		return -1;
	}
	unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0117);
	int result = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (result < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
		return -1;
	}
	/* As with Docker: who is in this group is as mighty as root. */
	struct group *group = getgrnam("docker");
	if (group) {
		result = chown(path, 0, group->gr_gid);
	}
	return fd;
}

/* Plain HTTP has no client certificates: loopback only, and by an explicit switch. */
static int listen_tcp(const char *text)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN] = "";
	int yes = 1;

	if (!colon || (size_t)(colon - text) >= sizeof(host)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(host, text, (size_t)(colon - text));
	long port = strtol(colon + 1, NULL, 10);
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || port < 1 || port > 65535) {
		errno = EINVAL;
		return -1;
	}
	if (!engine.insecure_tcp || (ntohl(address.sin_addr.s_addr) >> 24) != 127) {
		errno = EACCES;
		return -1;
	}
	address.sin_port = htons((uint16_t)port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, LISTEN_BACKLOG) < 0) {
		return -1;
	}
	return fd;
}

static int listen_url(const char *url)
{
	int fd = -1;

	errno = EINVAL;
	if (!strncmp(url, "unix://", 7)) {
		fd = listen_unix(url + 7);
	} else if (!strncmp(url, "tcp://", 6)) {
		fd = listen_tcp(url + 6);
	}
	if (fd >= 0 && http_listen(fd) == 0) {
		return 0;
	}
	if (errno == EACCES && !strncmp(url, "tcp://", 6)) {
		engine_log("cannot listen at %s: plain TCP is for loopback only and needs "
			   "--insecure-tcp; put bh-tls in front for anything else",
			   url);
	} else if (errno == ENAMETOOLONG) {
		engine_log("cannot listen at %s: a Unix socket's path has at most %zu bytes; give "
			   "--host a shorter one",
			   url, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	} else {
		engine_log("cannot listen at %s: %s", url, strerror(errno));
	}
	return -1;
}

int listen_hosts(void)
{
	if (!engine.hosts[0]) {
		engine.hosts[0] = LISTEN_DEFAULT;
	}
	for (size_t i = 0; i < sizeof(engine.hosts) / sizeof(engine.hosts[0]); i++) {
		if (engine.hosts[i] && listen_url(engine.hosts[i]) < 0) {
			return -1;
		}
	}
	return 0;
}

void listen_remove(void)
{
	for (size_t i = 0; i < sizeof(engine.hosts) / sizeof(engine.hosts[0]); i++) {
		if (engine.hosts[i] && !strncmp(engine.hosts[i], "unix://", 7)) {
			unlink(engine.hosts[i] + 7);
		}
	}
}
