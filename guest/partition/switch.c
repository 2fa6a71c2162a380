/* SPDX-License-Identifier: Apache-2.0 */
#include "switch.h"

#include "file.h"
#include "text.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CARDS "/sys/class/net"
/* Of all cards on it (boot/guest_pci.c), before the partition's number. */
#define SWITCH_MAC "52:42:48:00:00:"

static bool is_bridge(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), CARDS "/%s/bridge", name);
	return access(path, F_OK) == 0;
}

/* The bridge with an address in the same network; false: there is none. */
static bool find_bridge(struct in_addr address, unsigned int prefix, char name[IFNAMSIZ])
{
	uint32_t mask = prefix == 0 ? 0 : htonl(~UINT32_C(0) << (32 - prefix));
	struct ifaddrs *all = NULL;
	bool is_found = false;

	if (getifaddrs(&all) != 0) {
		return false;
	}
	for (struct ifaddrs *at = all; at != NULL && !is_found; at = at->ifa_next) {
		if (at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET &&
		    is_bridge(at->ifa_name)) {
			const struct sockaddr_in *own = (const void *)at->ifa_addr;

			is_found = ((own->sin_addr.s_addr ^ address.s_addr) & mask) == 0;
			snprintf(name, IFNAMSIZ, "%s", at->ifa_name);
		}
	}
	freeifaddrs(all);
	return is_found;
}

static bool find_card(char name[IFNAMSIZ])
{
	DIR *cards = opendir(CARDS);
	struct dirent *entry;
	bool is_found = false;

	while (cards != NULL && !is_found && (entry = readdir(cards)) != NULL) {
		char *path = text_format(CARDS "/%s/address", entry->d_name);
		struct text mac = {.data = NULL};

		/* A bridge takes over the address of its port. */
		is_found = !is_bridge(entry->d_name) &&
			   file_read_at(AT_FDCWD, path, &mac, 64) == 0 &&
			   strncmp(mac.data, SWITCH_MAC, strlen(SWITCH_MAC)) == 0;
		snprintf(name, IFNAMSIZ, "%.15s", entry->d_name);
		text_free(&mac);
		free(path);
	}
	if (cards != NULL) {
		closedir(cards);
	}
	return is_found;
}

static bool add_port(const char *bridge, const char *card)
{
	int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_ifindex = (int)if_nametoindex(card)};
	bool is_added;

	snprintf(request.ifr_name, IFNAMSIZ, "%s", bridge);
	is_added = handle >= 0 && ioctl(handle, SIOCBRADDIF, &request) == 0;
	snprintf(request.ifr_name, IFNAMSIZ, "%s", card);
	is_added = is_added && ioctl(handle, SIOCGIFFLAGS, &request) == 0;
	request.ifr_flags |= IFF_UP;
	is_added = is_added && ioctl(handle, SIOCSIFFLAGS, &request) == 0;
	file_close(handle);
	return is_added;
}

/* The bridge that the card is a port of; "" for none. */
static void find_master(const char *card, char name[IFNAMSIZ])
{
	char path[PATH_MAX];
	char target[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), CARDS "/%s/master", card);
	length = readlink(path, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	snprintf(name, IFNAMSIZ, "%.15s",
		 strrchr(target, '/') != NULL ? strrchr(target, '/') + 1 : target);
}

bool switch_join(const char *address, char **error)
{
	char text[INET_ADDRSTRLEN] = "";
	unsigned int prefix = 32;
	struct in_addr parsed;
	char bridge[IFNAMSIZ];
	char card[IFNAMSIZ];
	char master[IFNAMSIZ];

	(void)sscanf(address, "%15[0-9.]/%u", text, &prefix);
	if (prefix > 32 || inet_pton(AF_INET, text, &parsed) != 1 ||
	    !find_bridge(parsed, prefix, bridge)) {
		return true;
	}
	if (!find_card(card)) {
		*error = text_format("network %s: the management partition has no card on the "
				     "hypervisor's switch; add `devices = net0` "
				     "to its configuration",
				     bridge);
		return false;
	}
	find_master(card, master);
	if (strcmp(master, bridge) == 0) {
		return true;
	}
	if (master[0] != '\0') {
		*error = text_format("network %s: the hypervisor's switch is a part of %s, and "
				     "partitions are on one network; use that one",
				     bridge, master);
		return false;
	}
	if (!add_port(bridge, card)) {
		*error = text_format("network %s: cannot add %s to it: %s", bridge, card,
				     strerror(errno));
		return false;
	}
	return true;
}
