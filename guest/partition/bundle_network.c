/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's network card takes the place of the card in the container's network namespace: it
 * has its address and gateway, and the card there gives them up. So whoever made the namespace need
 * not know of partitions, and rules for the address hold.
 */
#include "bundle_parts.h"

#include "spec.h"
#include "switch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_SIZE 128

/* In the namespace: prints "ADDRESS/PREFIX US GATEWAY US MTU". */
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

/* The card there is down from now on: two must not answer for one address. */
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
		request.ifr_flags &= (short)~IFF_UP;
		(void)ioctl(handle, SIOCSIFFLAGS, &request);
	}
	if (handle >= 0) {
		close(handle);
	}
	return mtu;
}

static int print_card(int to)
{
	struct ifaddrs *all = NULL;
	char address[INET_ADDRSTRLEN];
	char gateway[INET_ADDRSTRLEN];
	char line[LINE_MAX_SIZE];
	int length = 0;

	if (getifaddrs(&all) != 0) {
		return 1;
	}
	for (struct ifaddrs *at = all; at != NULL && length == 0; at = at->ifa_next) {
		if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET ||
		    (at->ifa_flags & IFF_LOOPBACK) != 0) {
			continue;
		}
		inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr, address,
			  sizeof(address));
		find_gateway(at->ifa_name, gateway);
		length = snprintf(line, sizeof(line), "%s/%u%c%s%c%d", address,
				  prefix_of(at->ifa_netmask), SPEC_UNIT, gateway, SPEC_UNIT,
				  take_card(at->ifa_name));
	}
	freeifaddrs(all);
	return write(to, line, (size_t)length) == length ? 0 : 1;
}

/* What the namespace's card has; "" where it has none. NULL: it cannot be entered, errno says why.
 */
static char *ask_namespace(const char *path)
{
	int space = open(path, O_RDONLY | O_CLOEXEC);
	char line[LINE_MAX_SIZE] = "";
	int ends[2];
	int status = 1;
	pid_t pid;

	if (space < 0 || pipe2(ends, O_CLOEXEC) != 0) {
		return NULL;
	}
	pid = fork();
	if (pid == 0) {
		_exit(setns(space, CLONE_NEWNET) == 0 ? print_card(ends[1]) : 2);
	}
	close(ends[1]);
	close(space);
	if (pid > 0) {
		(void)!read(ends[0], line, sizeof(line) - 1);
		(void)waitpid(pid, &status, 0);
	}
	close(ends[0]);
	errno = EPERM;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text_copy(line) : NULL;
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
	json *spaces = json_get_array(json_get_object(bundle->config, "linux"), "namespaces");
	const char *wish = json_get_string(json_get_object(bundle->config, "annotations"),
					   "bulkhead.network", NULL);
	const char *path = NULL;
	bool has_space = false;
	bool is_joined = true;
	char *line;

	for (size_t i = 0; i < json_count(spaces); i++) {
		json *space = json_object_array_get_idx(spaces, i);

		if (strcmp(json_get_string(space, "type", ""), "network") == 0) {
			has_space = true;
			path = json_get_string(space, "path", NULL);
		}
	}
	if (wish != NULL) {
		return use_annotation(bundle, wish, error);
	}
	if (!has_space) {
		*error = text_format("a partition cannot have the host's network; use a bridge "
				     "network, or none");
		return false;
	}
	line = path != NULL ? ask_namespace(path) : text_copy("");
	if (line == NULL) {
		*error = text_format("network namespace %s: %s", path, strerror(errno));
		return false;
	}
	bundle->has_network = *line != '\0';
	if (bundle->has_network) {
		bundle_record(&bundle->setup, SPEC_NETWORK, line);
		is_joined = switch_join(line, error);
	}
	free(line);
	return is_joined;
}
