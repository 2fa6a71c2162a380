/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's network card takes the place of the card in the container's network namespace: it
 * has its address and gateway, and the card there no longer answers for them. So whoever made the
 * namespace need not know of partitions, and rules for the address hold.
 */
#include "bundle_parts.h"

#include "namespace.h"
#include "spec.h"
#include "switch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_SIZE 128

static unsigned int prefix_of(const struct sockaddr *mask)
{
	return mask == NULL
		       ? 32
		       : (unsigned int)__builtin_popcount(
				 ((const struct sockaddr_in *)(const void *)mask)->sin_addr.s_addr);
}

static void find_gateway(const char *card, char gateway[INET_ADDRSTRLEN])
{
	FILE *routes = fopen("/proc/thread-self/net/route", "re");
	char line[256];
	char name[IFNAMSIZ];
	unsigned int destination;
	unsigned int through;

	*gateway = '\0';
	while (routes != NULL && fgets(line, sizeof(line), routes) != NULL) {
		if (sscanf(line, "%15s %x %x", name, &destination, &through) == 3 &&
		    destination == 0 && through != 0 && strcmp(name, card) == 0) {
			inet_ntop(AF_INET, &through, gateway, INET_ADDRSTRLEN);
		}
	}
	if (routes != NULL) {
		fclose(routes);
	}
}

/*
 * Two must not answer for one address: from now on the card there answers no ARP. It stays up, with
 * address, routes and MTU, for the next partition that takes its place, as when a pod's container
 * starts again. The MTU.
 */
static int take_card(const char *card)
{
	int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_mtu = 0};
	int mtu = 0;

	snprintf(request.ifr_name, IFNAMSIZ, "%s", card);
	if (handle >= 0 && ioctl(handle, SIOCGIFMTU, &request) == 0) {
		mtu = request.ifr_mtu;
	}
	if (handle >= 0 && ioctl(handle, SIOCGIFFLAGS, &request) == 0) {
		request.ifr_flags |= IFF_NOARP;
		(void)ioctl(handle, SIOCSIFFLAGS, &request);
	}
	if (handle >= 0) {
		close(handle);
	}
	return mtu;
}

/* Whoever has this socket of the namespace has its card, until the end of the last process that has
 * it. */
static int hold(void)
{
	static const char name[] = "bulkhead-partition";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int holder = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path + 1, name, sizeof(name)); /* abstract: behind a NUL */
	if (holder >= 0 &&
	    bind(holder, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name))) != 0) {
		int error = errno;

		close(holder);
		errno = error;
		holder = -1;
	}
	return holder;
}

/* In the namespace; line stays empty where it has no card with an address. */
static bool look(struct bundle *bundle, char line[LINE_MAX_SIZE], char **error)
{
	struct ifaddrs *all = NULL;
	struct ifaddrs *at;
	char address[INET_ADDRSTRLEN];
	char gateway[INET_ADDRSTRLEN];

	if (getifaddrs(&all) != 0) {
		*error = text_format("network: %s", strerror(errno));
		return false;
	}
	for (at = all; at != NULL && (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET ||
				      (at->ifa_flags & IFF_LOOPBACK) != 0);
	     at = at->ifa_next) {
	}
	if (at != NULL && (bundle->holder = hold()) < 0) {
		*error =
			errno == EADDRINUSE
				? text_format(
					  "network: a running partition has the pod's card (%s); a "
					  "pod of partitions has one container: make a pod of "
					  "each, or use a runtime class of containers",
					  at->ifa_name)
				: text_format("network: cannot take card %s: %s", at->ifa_name,
					      strerror(errno));
	} else if (at != NULL) {
		inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr, address,
			  sizeof(address));
		find_gateway(at->ifa_name, gateway);
		snprintf(line, LINE_MAX_SIZE, "%s/%u%c%s%c%d", address, prefix_of(at->ifa_netmask),
			 SPEC_UNIT, gateway, SPEC_UNIT, take_card(at->ifa_name));
	}
	freeifaddrs(all);
	return *error == NULL;
}

/* What the namespace's card has; "" where it has none. */
static bool ask_namespace(struct bundle *bundle, const char *path, char line[LINE_MAX_SIZE],
			  char **error)
{
	int own = namespace_enter(path, CLONE_NEWNET);
	bool is_ok;

	if (own < 0) {
		*error = text_format("network namespace %s: %s", path, strerror(errno));
		return false;
	}
	is_ok = look(bundle, line, error);
	if (!namespace_leave(own, CLONE_NEWNET)) {
		free(*error);
		*error = text_format("no way back from network namespace %s: %s", path,
				     strerror(errno));
		is_ok = false;
	}
	return is_ok;
}

/* "ADDRESS/PREFIX,GATEWAY,MTU" */
static bool use_annotation(struct bundle *bundle, const char *value, char **error)
{
	char *line = text_copy(value);

	for (char *at = line; *at != '\0'; at++) {
		*at = *at == ',' ? SPEC_UNIT : *at;
	}
	bundle->has_network = *line != '\0';
	if (bundle->has_network) {
		bundle_record(&bundle->setup, SPEC_NETWORK, line);
	}
	free(line);
	return !bundle->has_network || switch_join(value, error);
}

bool bundle_network(struct bundle *bundle, char **error)
{
	const char *wish = json_get_string(json_get_object(bundle->config, "annotations"),
					   "bulkhead.network", NULL);
	bool has_space;
	const char *path = namespace_path(bundle->config, "network", &has_space);
	char line[LINE_MAX_SIZE] = "";

	if (wish != NULL) {
		return use_annotation(bundle, wish, error);
	}
	if (!has_space) {
		*error = text_format("a partition cannot have the host's network; use a bridge "
				     "network, or none (in a pod: no hostNetwork)");
		return false;
	}
	if (path != NULL && !ask_namespace(bundle, path, line, error)) {
		return false;
	}
	bundle->has_network = *line != '\0';
	if (bundle->has_network) {
		bundle_record(&bundle->setup, SPEC_NETWORK, line);
	}
	return !bundle->has_network || switch_join(line, error);
}
