/* SPDX-License-Identifier: Apache-2.0 */
/* /sys, the kernel's uevent socket, and modprobe. */
#include "devices.h"

#include "process.h"
#include "say.h"

#include <errno.h>
#include <glob.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_EVENTS  1 /* netlink(7): the kernel's group of NETLINK_KOBJECT_UEVENT */
#define RECEIVE_BUFFER (1 << 20)
#define EVENT_SIZE     8192
#define ALIAS_SIZE     256
#define SEEN_MAX       2048
#define BATCH_MAX      64
#define PASSES_MAX     4 /* bus, controller, port, disk */

/* Asked for once: what has no module here has none later. */
static char *seen[SEEN_MAX];
static unsigned seen_count;

/* One call of modprobe for many: it reads its tables each time. */
static char *batch[BATCH_MAX + 4] = {"modprobe", "-a", "-q"};
static unsigned batch_first = 3, batch_count;

int devices_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_EVENTS};
	int size = RECEIVE_BUFFER;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		say("devices: no events: %s", strerror(errno));
		if (fd >= 0) {
			close(fd);
		}
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static void load_batch(void)
{
	if (batch_count > 0) {
		batch[batch_first + batch_count] = NULL;
		process_run(batch);
		batch_count = 0;
	}
}

static bool want(const char *alias)
{
	for (unsigned i = 0; i < seen_count; i++) {
		if (strcmp(seen[i], alias) == 0) {
			return false;
		}
	}
	if (seen_count == SEEN_MAX || alias[0] == '\0') {
		return false;
	}
	seen[seen_count] = strdup(alias);
	if (seen[seen_count] == NULL) {
		return false;
	}
	batch[batch_first + batch_count++] = seen[seen_count++];
	if (batch_count == BATCH_MAX) {
		load_batch();
	}
	return true;
}

static bool want_file(const char *path)
{
	char alias[ALIAS_SIZE] = "";
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		return false;
	}
	if (fgets(alias, sizeof(alias), file) == NULL) {
		alias[0] = '\0';
	}
	fclose(file);
	alias[strcspn(alias, "\n")] = '\0';
	return want(alias);
}

void devices_coldplug(void)
{
	bool is_more = true;

	for (unsigned pass = 0; is_more && pass < PASSES_MAX; pass++) {
		glob_t found = {0};

		is_more = false;
		if (glob("/sys/bus/*/devices/*/modalias", GLOB_NOSORT, NULL, &found) == 0) {
			for (size_t i = 0; i < found.gl_pathc; i++) {
				is_more |= want_file(found.gl_pathv[i]);
			}
		}
		globfree(&found);
		load_batch();
	}
}

/* The event is "ACTION@PATH", then "KEY=VALUE" strings, each with its zero. */
static void take_event(const char *event, const char *end, struct devices_news *news)
{
	bool is_add = strncmp(event, "add@", 4) == 0 || strncmp(event, "change@", 7) == 0;

	for (; is_add && event < end; event += strlen(event) + 1) {
		if (strncmp(event, "MODALIAS=", 9) == 0) {
			want(event + 9);
		} else if (strcmp(event, "SUBSYSTEM=block") == 0) {
			news->has_disk = true;
		} else if (strcmp(event, "SUBSYSTEM=net") == 0) {
			news->has_interface = true;
		}
	}
}

struct devices_news devices_take(int events)
{
	static char event[EVENT_SIZE + 1];
	struct devices_news news = {false, false};
	struct sockaddr_nl from;

	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t length =
			recvfrom(events, event, EVENT_SIZE, 0, (struct sockaddr *)&from, &size);

		if (length < 0 && errno == ENOBUFS) {
			devices_coldplug(); /* some were lost: look at everything */
			news = (struct devices_news){true, true};
			continue;
		}
		if (length <= 0) {
			break;
		}
		event[length] = '\0';
		if (from.nl_pid == 0) { /* the kernel */
			take_event(event, event + length, &news);
		}
	}
	load_batch();
	return news;
}
