/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces by their names in /sys; addresses come by busybox' DHCP client and its script. */
#include "network.h"

#include "say.h"
#include "services.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST_NAME      "bulkhead"
#define INTERFACES_MAX 8
#define PATH_SIZE      300

static char known[INTERFACES_MAX][IFNAMSIZ];
static unsigned known_count;

static void bring_up(const char *name)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
		say("%s: %s", name, strerror(errno));
	} else {
		request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
		if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
			say("%s: not up: %s", name, strerror(errno));
		}
	}
	if (fd >= 0) {
		close(fd);
	}
}

void network_init(void)
{
	char name[HOST_NAME_MAX + 1] = "";

	gethostname(name, sizeof(name) - 1);
	if (name[0] == '\0' || strcmp(name, "(none)") == 0) {
		sethostname(HOST_NAME, strlen(HOST_NAME));
	}
	bring_up("lo");
}

static int is_known(const char *name)
{
	for (unsigned i = 0; i < known_count; i++) {
		if (strcmp(known[i], name) == 0) {
			return 1;
		}
	}
	return 0;
}

/* Bridges and a container's interfaces have no device: they are others' affair. */
static int is_real(const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/sys/class/net/%s/device", name);
	return access(path, F_OK) == 0;
}

static void add(const char *name)
{
	char service[SERVICE_NAME_SIZE];
	char interface[IFNAMSIZ];
	char *argv[] = {"udhcpc", "-f", "-i", interface, "-s", "/etc/udhcpc.script", "-t", "5",
			"-T",     "1",  "-A", "5",       NULL};

	snprintf(interface, sizeof(interface), "%s", name);
	snprintf(service, sizeof(service), "dhcp-%s", interface);
	memcpy(known[known_count++], interface, sizeof(interface));
	bring_up(interface);
	services_add(service, argv, NULL);
}

void network_scan(void)
{
	struct dirent **entries;
	int count = scandir("/sys/class/net", &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (name[0] != '.' && strlen(name) < IFNAMSIZ && known_count < INTERFACES_MAX &&
		    is_real(name) && !is_known(name)) {
			add(name);
		}
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
}
