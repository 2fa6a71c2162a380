/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bh-network hold`: keeps bound sockets, by key, for as long as a container publishes ports. It
 * never listens on them nor reads from them, and ends when it holds nothing. Only root reaches its
 * socket. One client at a time: they hold a lock.
 */
#include "pass_fd.h"
#include "privilege.h"
#include "port.h"
#include "text.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENT_SECONDS 5

struct held {
	char key[IFNAMSIZ];
	int fd;
};

static struct held *held;
static size_t held_count, held_room;

static void keep(const char *key, int fd)
{
	if (held_count == held_room) {
		held_room = held_room ? held_room * 2 : 16;
		held = memory_resize(held, held_room, sizeof(*held));
	}
	snprintf(held[held_count].key, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, key);
	held[held_count++].fd = fd;
}

/* `key` NULL: all. */
static void release(const char *key)
{
	size_t left = 0;

	for (size_t i = 0; i < held_count; i++) {
		if (!key || strcmp(held[i].key, key) == 0) {
			close(held[i].fd);
		} else {
			held[left++] = held[i];
		}
	}
	held_count = left;
}

/* One order; false at the client's end. */
static bool serve(int client, int listener, bool *is_over)
{
	char order[HOLDER_ORDER_SIZE] = "";
	int sockets[HOLDER_FDS_MAX];
	struct pass pass = {order, sizeof(order) - 1, sockets, HOLDER_FDS_MAX, 0};
	const char *reply = HOLDER_OK;

	if (pass_receive(client, &pass) <= 0) {
		return false;
	}
	bool is_hold = strncmp(order, "hold ", 5) == 0;
	for (size_t i = 0; i < pass.count; i++) {
		if (is_hold) {
			keep(order + 5, sockets[i]);
		} else {
			close(sockets[i]);
		}
	}

	if (strncmp(order, "release ", 8) == 0) {
		release(order + 8);
	} else if (strcmp(order, "clear") == 0) {
		release(NULL);
	} else if (!is_hold) {
		reply = "unknown order";
	} else if (pass.flags & MSG_CTRUNC) {
		release(order + 5);
		reply = "too many descriptors";
	}
	if (held_count == 0) {
		/* Gone before the client knows, and lets the next one try. */
		close(listener);
		*is_over = true;
		reply = HOLDER_END;
	}
	return send(client, reply, strlen(reply), MSG_NOSIGNAL) > 0 && !*is_over;
}

int hold_run(void)
{
	struct timeval patience = {.tv_sec = CLIENT_SECONDS};

	struct failure failure = {0};
	bool is_over = false;

	privilege_raise_files();

	if (privilege_drop(&failure) < 0) {
		return 1;
	}
	while (!is_over) {
		int client = accept4(HOLDER_LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0 && errno != EINTR && errno != ECONNABORTED) {
			return 1;
		}
		if (client < 0) {
			continue;
		}
		setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		while (serve(client, HOLDER_LISTEN_FD, &is_over)) {
		}
		close(client);
	}
	return 0;
}
