/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy.h"

#include "connection.h"
#include "listen_address.h"
#include "timestamp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_AT_ONCE  64
#define ACCEPTS_AT_ONCE 16
#define HANDSHAKES_MAX  128    /* at a time; beyond, the oldest ends */
#define RETRY_MS        50     /* to connect to a busy engine */
#define KEEPALIVE_IDLE  60     /* seconds */
#define DEAD_MS         120000 /* unacknowledged data for so long ends a connection */
#define OWN_FDS         16

struct list {
	struct connection *first, **last;
	unsigned count;
};

struct proxy {
	const struct proxy_options *options;
	struct credentials *credentials;
	int epoll, listener, signals;
	unsigned connections_max;
	bool accepts;      /* the listener is watched */
	struct list young; /* before RELAY, the oldest first */
	struct list grown;
};

static void list_add(struct list *list, struct connection *connection)
{
	connection->next = NULL;
	connection->link = list->last;
	*list->last = connection;
	list->last = &connection->next;
	list->count++;
}

static void list_remove(struct list *list, struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next) {
		connection->next->link = connection->link;
	} else {
		list->last = connection->link;
	}
	list->count--;
}

/* Not watched with no events: a hang-up would be told again and again. The lowest bit of the data
 * tells the engine's descriptor from the client's. */
static void watch(struct proxy *proxy, struct connection *connection, int fd, uint32_t *known,
		  uint32_t wanted, bool is_engine)
{
	struct epoll_event event = {.events = wanted,
				    .data.u64 = (uintptr_t)connection | is_engine};

	if (fd < 0 || wanted == *known) {
		return;
	}
	int operation = !wanted ? EPOLL_CTL_DEL : *known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (epoll_ctl(proxy->epoll, operation, fd, &event) < 0) {
		connection->state = CONNECTION_OVER;
	}
	*known = wanted;
}

static void watch_listener(struct proxy *proxy, bool accepts)
{
	struct epoll_event event = {.events = accepts ? EPOLLIN : 0};

	if (accepts != proxy->accepts) {
		epoll_ctl(proxy->epoll, EPOLL_CTL_MOD, proxy->listener, &event);
		proxy->accepts = accepts;
	}
}

static void work(struct proxy *proxy, struct connection *connection)
{
	bool was_young = connection->state < CONNECTION_RELAY;

	connection_work(connection, proxy->options->engine);
	watch(proxy, connection, connection->client, &connection->client_events,
	      connection_client_events(connection), false);
	watch(proxy, connection, connection->engine, &connection->engine_events,
	      connection_engine_events(connection), true);
	if (was_young && connection->state >= CONNECTION_RELAY) {
		list_remove(&proxy->young, connection);
		list_add(&proxy->grown, connection);
	}
}

/* After the events at hand, some of which may still be for it. */
static void bury(struct proxy *proxy)
{
	for (struct list *list = &proxy->young; list;
	     list = list == &proxy->young ? &proxy->grown : NULL) {
		struct connection *next;
		for (struct connection *connection = list->first; connection; connection = next) {
			next = connection->next;
			if (connection->state == CONNECTION_OVER) {
				list_remove(list, connection);
				connection_free(connection);
			}
		}
	}
	watch_listener(proxy, proxy->young.count + proxy->grown.count < proxy->connections_max);
}

static void set_options(int fd)
{
	int on = 1, idle = KEEPALIVE_IDLE, dead = DEAD_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof(dead));
}

static bool accept_one(struct proxy *proxy)
{
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
	} peer;
	socklen_t size = sizeof(peer);
	char name[64];
	int fd = accept4(proxy->listener, &peer.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		return errno == EINTR || errno == ECONNABORTED;
	}
	/* Who does not finish must not keep out who does. */
	if (proxy->young.count >= HANDSHAKES_MAX) {
		proxy->young.first->state = CONNECTION_OVER;
		bury(proxy);
	}
	set_options(fd);
	listen_peer_name(&peer.any, name, sizeof(name));
	struct connection *connection =
		connection_new(fd, proxy->credentials, name,
			       timestamp_ms() + proxy->options->handshake_seconds * INT64_C(1000));
	if (connection) {
		list_add(&proxy->young, connection);
		work(proxy, connection);
	}
	return proxy->young.count + proxy->grown.count < proxy->connections_max;
}

/* When it is time for the next thing that no event tells; -1: never. */
static int do_timely(struct proxy *proxy)
{
	int64_t now = timestamp_ms(), next = INT64_MAX;

	for (struct connection *connection = proxy->young.first, *after; connection;
	     connection = after) {
		after = connection->next;
		int64_t due = connection->deadline;
		if (connection->deadline <= now) {
			connection->state = CONNECTION_OVER;
		} else if (connection->state == CONNECTION_CONNECT) {
			work(proxy, connection);
			due = now + RETRY_MS;
		}
		next = due < next ? due : next;
	}
	for (struct connection *connection = proxy->grown.first; connection;
	     connection = connection->next) {
		if (connection->has_more) {
			work(proxy, connection);
			next = now;
		}
	}
	bury(proxy);
	return next == INT64_MAX ? -1 : next <= now ? 0 : (int)(next - now);
}

/* False: end. */
static bool serve_signal(struct proxy *proxy)
{
	struct signalfd_siginfo info;

	if (read(proxy->signals, &info, sizeof(info)) != sizeof(info)) {
		return true;
	}
	if (info.ssi_signo != SIGHUP) {
		return false;
	}
	struct credentials *fresh = credentials_load(&proxy->options->files);
	if (fresh) {
		credentials_release(proxy->credentials);
		proxy->credentials = fresh;
		fprintf(stderr, "bh-tls: certificates read again\n");
	}
	return true;
}

static bool serve_events(struct proxy *proxy, const struct epoll_event *events, int count)
{
	bool goes_on = true;

	for (int i = 0; i < count; i++) {
		uint64_t data = events[i].data.u64;
		if (data > 1) {
			struct connection *connection =
				(struct connection *)(uintptr_t)(data & ~UINT64_C(1));
			bool is_gone = !(data & 1) && (events[i].events & (EPOLLERR | EPOLLHUP)) &&
				       !(connection->client_events & EPOLLIN);
			if (is_gone) {
				connection->state = CONNECTION_OVER;
			} else if (connection->state != CONNECTION_OVER) {
				work(proxy, connection);
			}
		}
	}
	bury(proxy);
	/* These two free connections, which events of this round were for. */
	for (int i = 0; i < count; i++) {
		if (events[i].data.u64 == 0) {
			for (int k = 0; k < ACCEPTS_AT_ONCE && accept_one(proxy); k++) {
			}
		} else if (events[i].data.u64 == 1) {
			goes_on = serve_signal(proxy);
		}
	}
	return goes_on;
}

static int set_up(struct proxy *proxy)
{
	struct epoll_event listener = {.events = EPOLLIN},
			   signals = {.events = EPOLLIN, .data.u64 = 1};
	struct rlimit limit = {0};
	sigset_t set;

	proxy->young.last = &proxy->young.first;
	proxy->grown.last = &proxy->grown.first;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	rlim_t affordable = (limit.rlim_max - OWN_FDS) / 2;
	proxy->connections_max = affordable < proxy->options->connections_max
					 ? (unsigned)affordable
					 : proxy->options->connections_max;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	proxy->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	proxy->epoll = epoll_create1(EPOLL_CLOEXEC);
	proxy->credentials = credentials_load(&proxy->options->files);
	if (!proxy->credentials) {
		return -1;
	}
	proxy->listener = listen_address_open(proxy->options->listen);
	proxy->accepts = true;
	if (proxy->listener < 0 ||
	    epoll_ctl(proxy->epoll, EPOLL_CTL_ADD, proxy->listener, &listener) < 0 ||
	    epoll_ctl(proxy->epoll, EPOLL_CTL_ADD, proxy->signals, &signals) < 0) {
		return -1;
	}
	return 0;
}

int proxy_run(const struct proxy_options *options)
{
	static struct proxy proxy;
	struct epoll_event events[EVENTS_AT_ONCE];
	bool goes_on = true;

	proxy.options = options;
	if (set_up(&proxy) < 0) {
		return 1;
	}
	while (goes_on) {
		int count = epoll_wait(proxy.epoll, events, EVENTS_AT_ONCE, do_timely(&proxy));
		if (count < 0 && errno != EINTR) {
			perror("bh-tls: epoll_wait");
			return 1;
		}
		goes_on = serve_events(&proxy, events, count);
	}
	return 0;
}
